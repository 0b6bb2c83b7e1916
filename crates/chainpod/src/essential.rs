//! Tasks without which the process is of no use.

/// Spawns a task. If it panics, the process ends, so that Kubernetes starts another one.
pub(crate) fn spawn(task: impl Future<Output: Send> + Send + 'static) {
    let task = tokio::spawn(async move {
        task.await;
    });
    tokio::spawn(async move {
        if task.await.is_err_and(|error| error.is_panic()) {
            std::process::abort();
        }
    });
}
