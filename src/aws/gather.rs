//! Reads of single things that AWS hands out several at a time: those asked for at the same moment go in one call. Nobody
//! waits for company: what is not asked for in the same turn of the runtime goes by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::model::call::{CallError, ErrorKind};

type Reply<V> = Result<Option<V>, CallError>;

/// Those who wait to be asked for.
pub(super) struct Gather<K, V> {
    most: usize,
    all_exist: bool,
    waiting: Mutex<Vec<(K, oneshot::Sender<Reply<V>>)>>,
}

impl<K: Ord + Clone, V: Clone> Gather<K, V> {
    /// At most so many in one call. What is not in the answer is not there.
    pub(super) fn new(most: usize) -> Self {
        Self { most, all_exist: false, waiting: Mutex::default() }
    }

    /// Of things that exist, or else asking for them is an error. Should one be missing in an answer all the same, as with
    /// emulators that read the first name only, it is asked for by itself.
    pub(super) fn of_existing(most: usize) -> Self {
        Self { all_exist: true, ..Self::new(most) }
    }

    /// Reads one; `fetch` reads several. Nothing if it is not among what was read.
    pub(super) async fn read<F, R>(&self, key: &K, fetch: F) -> Reply<V>
    where
        F: Fn(Vec<K>) -> R,
        R: Future<Output = Result<BTreeMap<K, V>, CallError>>,
    {
        loop {
            let (sender, reply) = oneshot::channel();
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((key.clone(), sender));
            tokio::task::yield_now().await;
            loop {
                let (keys, senders): (Vec<K>, Vec<_>) = self.batch().into_iter().unzip();
                if keys.is_empty() {
                    break;
                }
                let replies = self.replies(&keys, &fetch).await;
                for (sender, reply) in senders.into_iter().zip(replies) {
                    let _ = sender.send(reply);
                }
            }
            // Whoever took this one along may have been cancelled meanwhile; then it is asked for anew.
            if let Ok(reply) = reply.await {
                return reply;
            }
        }
    }

    fn batch(&self) -> Vec<(K, oneshot::Sender<Reply<V>>)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, sender)| !sender.is_closed());
        let count = waiting.len().min(self.most);
        waiting.drain(..count).collect()
    }

    /// One of several that does not exist fails them all, so then each is asked for by itself.
    async fn replies<F, R>(&self, keys: &[K], fetch: &F) -> Vec<Reply<V>>
    where
        F: Fn(Vec<K>) -> R,
        R: Future<Output = Result<BTreeMap<K, V>, CallError>>,
    {
        let (found, alone) = match fetch(keys.to_vec()).await {
            Ok(found) => (found, self.all_exist),
            Err(error) if error.kind == ErrorKind::NotFound && keys.len() > 1 => (BTreeMap::new(), true),
            Err(error) => return keys.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut replies = Vec::with_capacity(keys.len());
        for key in keys {
            replies.push(match found.get(key).cloned() {
                None if alone && keys.len() > 1 => fetch(vec![key.clone()]).await.map(|mut found| found.remove(key)),
                value => Ok(value),
            });
        }
        replies
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::future::join_all;

    use super::*;
    use crate::model::call::Operation;

    fn missing() -> CallError {
        CallError {
            kind: ErrorKind::NotFound,
            operation: Operation { service: "x".to_owned(), name: "Read".to_owned() },
            message: "gone".to_owned(),
            request_id: None,
            hint: None,
        }
    }

    /// Reads these at the same moment, three a call; numbers above 100 do not exist. Also the calls made.
    async fn read(keys: &[u32]) -> (Vec<Reply<u32>>, Vec<Vec<u32>>) {
        let calls = RefCell::new(Vec::new());
        let gather = Gather::new(3);
        let fetch = |keys: Vec<u32>| {
            calls.borrow_mut().push(keys.clone());
            async move {
                tokio::task::yield_now().await;
                let known = keys.iter().all(|key| *key <= 100);
                if known { Ok(keys.iter().map(|key| (*key, key * 10)).collect()) } else { Err(missing()) }
            }
        };
        let replies = join_all(keys.iter().map(|key| gather.read(key, &fetch))).await;
        (replies, calls.into_inner())
    }

    #[tokio::test]
    async fn what_is_asked_for_at_once_goes_in_few_calls() {
        let (replies, calls) = read(&[1, 2, 3, 4, 5, 6, 7]).await;
        assert_eq!(replies, (1..=7).map(|key| Ok(Some(key * 10))).collect::<Vec<_>>());
        assert_eq!(calls, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
        assert_eq!(read(&[8]).await.1, [[8]]);
    }

    #[tokio::test]
    async fn one_that_does_not_exist_spoils_no_other() {
        let (replies, calls) = read(&[1, 101, 2]).await;
        assert_eq!(replies, [Ok(Some(10)), Err(missing()), Ok(Some(20))]);
        assert_eq!(calls, [vec![1, 101, 2], vec![1], vec![101], vec![2]]);
    }

    #[tokio::test]
    async fn one_that_must_exist_is_asked_for_again_by_itself() {
        for (gather, expected) in [(Gather::new(3), None), (Gather::of_existing(3), Some(2))] {
            // Answers for the first name only.
            let first = async |keys: Vec<u32>| Ok(keys.into_iter().take(1).map(|key| (key, key)).collect());
            let (one, two) = tokio::join!(gather.read(&1, first), gather.read(&2, first));
            assert_eq!((one, two), (Ok(Some(1)), Ok(expected)));
        }
    }

    #[tokio::test]
    async fn who_is_cancelled_takes_nobody_along() {
        let gather = Gather::new(3);
        let never = |_: Vec<u32>| std::future::pending();
        let at_once = async |keys: Vec<u32>| Ok(keys.iter().map(|key| (*key, *key)).collect());
        let (mut first, second) = (Box::pin(gather.read(&1, never)), gather.read(&2, at_once));
        tokio::pin!(second);
        // Both wait; then the first asks for both, and is cancelled.
        assert!(futures_util::poll!(&mut first).is_pending());
        assert!(futures_util::poll!(&mut second).is_pending());
        assert!(futures_util::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(second.await, Ok(Some(2)));
    }
}
