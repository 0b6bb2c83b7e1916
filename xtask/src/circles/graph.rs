//! Finds the circles of a graph: its strongly connected components of more than one node.

use std::collections::BTreeSet;

/// Returns the nodes of each circle. The nodes are `0..count`, the arrows pairs of them.
pub(super) fn circles(count: usize, arrows: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let reached: Vec<_> = (0..count).map(|node| reached(node, arrows)).collect();
    let both = |a: usize, b: usize| reached[a].contains(&b) && reached[b].contains(&a);
    let circles = (0..count).map(|node| (0..count).filter(|other| both(node, *other)).collect());
    let circles: BTreeSet<Vec<usize>> = circles.filter(|circle: &Vec<_>| circle.len() > 1).collect();
    circles.into_iter().collect()
}

/// Returns the nodes to which arrows lead from `start`.
fn reached(start: usize, arrows: &[(usize, usize)]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut rest = vec![start];
    while let Some(node) = rest.pop() {
        let next = arrows.iter().filter(|(from, _)| *from == node);
        rest.extend(next.map(|(_, to)| *to).filter(|to| reached.insert(*to)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_that_share_a_node_are_one_and_a_way_between_two_makes_none() {
        assert_eq!(circles(3, &[(0, 1), (1, 2), (0, 2)]), Vec::<Vec<usize>>::new());
        assert_eq!(circles(4, &[(0, 1), (1, 0), (1, 2), (2, 1), (2, 3)]), [[0, 1, 2]]);
        assert_eq!(
            circles(4, &[(0, 1), (1, 0), (1, 2), (2, 3), (3, 2)]),
            [[0, 1], [2, 3]]
        );
    }
}
