//! Agents of several starts of one container: only the agent of the current start counts.

use super::*;

/// Returns an agent of the first start and one of the second, which runs.
async fn two(lab: &Lab) -> (AgentId, AgentId) {
    let first = lab.running().await;
    lab.exits(&first, 1).await;
    let (started, second) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    started.unwrap();
    (first, second)
}

#[tokio::test]
async fn an_agent_of_an_earlier_start_does_not_take_the_commands_of_the_current_one() {
    let lab = lab();
    let (first, second) = two(&lab).await;
    let mut commands = lab.engine.commands(&second).await.unwrap();
    let error = lab.engine.commands(&first).await.unwrap_err();
    assert!(
        error.to_string().starts_with("start 1 of container ")
            && error.to_string().ends_with(" is not the current one"),
        "{error}"
    );
    lab.engine.kill(NAME, 10).await.unwrap();
    assert_eq!(commands.recv().await, Some(Command::Signal { number: 10 }));
}

#[tokio::test]
async fn an_agent_of_an_earlier_start_neither_gets_inputs_nor_leaves_outputs() {
    let lab = lab();
    let (first, second) = two(&lab).await;
    assert!(lab.engine.input(&second, 0).await.is_ok());
    assert!(lab.engine.input(&first, 0).await.is_err());
    let error = lab
        .engine
        .output(&first, 0, Box::new(&b"tar"[..]))
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("start 1 of container ")
            && error.to_string().ends_with(" is not the current one"),
        "{error}"
    );
}

#[tokio::test]
async fn an_agent_of_a_start_that_another_process_began_is_heard() {
    let lab = lab();
    let first = lab.running().await;
    let mut record = lab.engine.inspect(NAME).await.unwrap();
    record.container.starts += 1;
    lab.cluster.update_record(&record).await.unwrap();
    let second = AgentId { start: 2, ..first };
    assert!(lab.engine.commands(&second).await.is_ok());
}
