//! Tests of the bounds.

use super::*;

#[tokio::test(start_paused = true)]
async fn what_was_removed_is_known_for_a_while_and_not_without_bound() {
    let mut gone = Gone::default();
    gone.note("a");
    tokio::time::advance(KEPT).await;
    gone.note("b");
    assert!(gone.has("a") && gone.has("b"));
    tokio::time::advance(Duration::from_secs(1)).await;
    gone.note("c");
    assert!(!gone.has("a") && gone.has("b") && gone.has("c"));
    for number in 0..2 * MOST {
        gone.note(&number.to_string());
    }
    assert_eq!((gone.order.len(), gone.uids.len()), (MOST, MOST));
}
