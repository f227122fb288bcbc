//! Identifiers and resource names in AWS's shapes, and the dice behind everything random. All of it comes from one seed.

use std::time::Duration;

use fastrand::Rng;

/// Makes identifiers for one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    pub(crate) account: String,
    pub(crate) region: String,
    dice: Rng,
}

impl Ids {
    pub(crate) fn new(account: &str, region: &str, seed: u64) -> Self {
        Self { account: account.to_owned(), region: region.to_owned(), dice: Rng::with_seed(seed) }
    }

    /// Something between the two, both included.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let least = u64::try_from(least.as_millis()).unwrap_or(u64::MAX);
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.dice.u64(least..=most.max(least)))
    }

    pub(crate) fn seconds(&mut self, least: u64, most: u64) -> Duration {
        self.between(Duration::from_secs(least), Duration::from_secs(most))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.dice.usize(0..limit.max(1))
    }

    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from_digit(self.dice.u32(0..16), 16).unwrap_or('0')).collect()
    }

    pub(crate) fn digits(&mut self, length: usize) -> String {
        // The first digit is never 0, so that a number of this length stays one.
        (0..length).map(|place| char::from(b'0' + self.dice.u8(u8::from(place == 0)..10))).collect()
    }

    pub(crate) fn uuid(&mut self) -> String {
        let (one, two, three) = (self.hex(8), self.hex(4), self.hex(3));
        format!("{one}-{two}-4{three}-a{}-{}", self.hex(3), self.hex(12))
    }

    pub(crate) fn deployment(&mut self) -> String {
        format!("ecs-svc/{}", self.digits(19))
    }

    /// 21 letters and digits, as service deployments have.
    pub(crate) fn nano(&mut self) -> String {
        (0..21).map(|_| self.dice.alphanumeric()).collect()
    }

    pub(crate) fn ecs_arn(&self, resource: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{resource}", self.region, self.account)
    }

    pub(crate) fn elb_arn(&self, resource: &str) -> String {
        format!("arn:aws:elasticloadbalancing:{}:{}:{resource}", self.region, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_names() {
        let (mut one, mut two) = (Ids::new("1", "r", 7), Ids::new("1", "r", 7));
        assert_eq!((one.hex(32), one.digits(19), one.uuid()), (two.hex(32), two.digits(19), two.uuid()));
    }

    #[test]
    fn shapes_are_those_of_aws() {
        let mut ids = Ids::new("111122223333", "eu-west-1", 1);
        assert_eq!(ids.uuid().len(), 36);
        let deployment = ids.deployment();
        let number = deployment.strip_prefix("ecs-svc/").unwrap();
        assert!(number.len() == 19 && !number.starts_with('0'), "{deployment}");
        assert_eq!(ids.ecs_arn("cluster/c"), "arn:aws:ecs:eu-west-1:111122223333:cluster/c");
    }
}
