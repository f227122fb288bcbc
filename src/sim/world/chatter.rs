//! What an application writes all day: a line for each request it serves. No line is kept; the number of a line says when
//! it was written and what it says, so any stretch of time can be told without what came before.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::moment::Moment;

/// How much an application writes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chatter {
    /// Lines a minute of each of its containers; at least one.
    pub per_minute: u32,
    /// Whether each line is an object of JSON.
    pub json: bool,
}

const PATHS: [(&str, &str); 6] = [
    ("GET", "/products"),
    ("GET", "/cart"),
    ("POST", "/cart/items"),
    ("GET", "/search"),
    ("POST", "/orders"),
    ("GET", "/orders"),
];

impl Chatter {
    /// Lines of a stretch of time, oldest first, each with its number; the first line was written at `start`. `voice` tells
    /// writers apart.
    pub(crate) fn lines(
        self,
        start: Moment,
        period: RangeInclusive<Moment>,
        voice: u64,
    ) -> impl Iterator<Item = (Moment, String)> {
        let per_minute = u64::from(self.per_minute.max(1));
        let milliseconds = |moment: Moment| u64::try_from(moment.since(start).as_millis()).unwrap_or(u64::MAX);
        // The number after the last one whose moment, rounded up, is before the stretch.
        let earlier = milliseconds(*period.start()).checked_sub(1);
        let first = earlier.map_or(0, |earlier| earlier.saturating_mul(per_minute) / 60_000 + 1);
        let began = *period.end() >= start;
        let end = if began { milliseconds(*period.end()).saturating_mul(per_minute) / 60_000 + 1 } else { 0 };
        // Rounded up, so that a line is never before the stretch that asks for it.
        let at = move |number: u64| start + Duration::from_millis((number * 60_000).div_ceil(per_minute));
        (first..end)
            .map(move |number| (at(number), self.line(number, voice)))
            .take_while(move |(at, _)| at <= period.end())
    }

    fn line(self, number: u64, voice: u64) -> String {
        let dice = mixed(number ^ voice.rotate_left(17));
        let pick = |shift: u32, of: u64| (dice >> shift) % of;
        let place = usize::try_from(pick(0, PATHS.len() as u64)).unwrap_or_default();
        let (method, path) = PATHS.get(place).copied().unwrap_or(("GET", "/"));
        let (status, level) = match pick(8, 500) {
            0 => (500, "error"),
            1..=4 => (404, "warn"),
            _ => (200, "info"),
        };
        let took = 2 + pick(20, 40) * if status == 500 { 37 } else { 1 };
        let request = dice >> 32;
        if self.json {
            format!(
                "{{\"level\":\"{level}\",\"msg\":\"{method} {path}\",\"status\":{status},\"ms\":{took},\
                 \"request\":\"{request:08x}\",\"n\":{number}}}"
            )
        } else {
            format!("{} {method} {path} {status} {took}ms request={request:08x} n={number}", level.to_uppercase())
        }
    }
}

/// Bits in disorder (the finalizer of `MurmurHash3`).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    bits = (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    bits ^ (bits >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_stretch_is_told_as_part_of_the_whole() {
        let start = Moment::MONDAY_NIGHT;
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        for per_minute in [7, 60, 30_000, 36_000] {
            let chatter = Chatter { per_minute, json: true };
            let whole: Vec<_> = chatter.lines(start, start..=after(20_000), 1).collect();
            assert_eq!(whole.len(), per_minute as usize / 3 + 1, "{per_minute} a minute");
            let parts: Vec<_> = [0..=4_999, 5_000..=5_000, 5_001..=20_000]
                .into_iter()
                .flat_map(|part| chatter.lines(start, after(*part.start())..=after(*part.end()), 1))
                .collect();
            assert_eq!(parts, whole, "{per_minute} a minute");
            for (number, (at, _)) in whole.iter().enumerate().take(50) {
                let from_here = chatter.lines(start, *at..=after(20_000), 1).next();
                assert_eq!(from_here.as_ref(), whole.get(number), "{per_minute} a minute");
            }
            assert!(
                chatter.lines(start, Moment::at_milliseconds(0)..=start - Duration::from_secs(1), 1).next().is_none()
            );
        }
    }

    #[test]
    fn writers_differ() {
        let chatter = Chatter { per_minute: 60, json: false };
        let line =
            |voice| chatter.lines(Moment::MONDAY_NIGHT, Moment::MONDAY_NIGHT..=Moment::MONDAY_NIGHT, voice).next();
        assert_ne!(line(1).unwrap().1, line(2).unwrap().1);
    }
}
