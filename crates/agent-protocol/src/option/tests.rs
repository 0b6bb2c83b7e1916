use super::*;

#[test]
fn every_option_is_read_as_it_is_written_and_a_program_is_none() {
    let named = |argument: &str| AgentOption::named(argument.as_ref());
    let names = ["--install", "--stay", "--keep", "--probe"];
    assert_eq!(AgentOption::ALL.map(AgentOption::name), names);
    assert_eq!(names.map(named), AgentOption::ALL.map(Some));
    for program in ["chaincode", "--help", "install", "--installed", ""] {
        assert_eq!(named(program), None, "{program}");
    }
}
