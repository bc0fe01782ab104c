//! One JSON object a line and comparison: `bench`, `row`, `unit`, `ours`, then `limit` (a number) or
//! `peer` (its name and its number), and `ratio`, which is ours divided by the other's.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::{Other, Row, Standing};

#[derive(Serialize)]
struct Line<'a> {
    bench: &'a str,
    row: &'a str,
    unit: &'a str,
    ours: f64,
    ours_min: f64,
    ours_max: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    peer: BTreeMap<&'a str, f64>,
    ratio: f64,
}

pub(crate) fn json(bench: &str, rows: &[Row]) -> Result<String> {
    let mut lines = String::new();
    for row in rows {
        for other in &row.others {
            lines.push_str(&serde_json::to_string(&line(bench, row, *other))?);
            lines.push('\n');
        }
    }
    Ok(lines)
}

fn line<'a>(bench: &'a str, row: &'a Row, other: Other) -> Line<'a> {
    let median = rounded(other.figure.median);
    let (limit, peer) = match other.standing {
        Standing::Limit => (Some(median), BTreeMap::new()),
        Standing::Peer => (None, BTreeMap::from([(other.name, median)])),
    };
    Line {
        bench,
        row: &row.name,
        unit: row.unit.name(),
        ours: rounded(row.ours.median),
        ours_min: rounded(row.ours.min),
        ours_max: rounded(row.ours.max),
        limit,
        peer,
        ratio: rounded(other.ratio(row.ours)),
    }
}

/// Digits beyond these are noise.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_comparison_is_a_line() {
        let lines = json("token", &super::super::example()).unwrap();
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [limit, peer] = lines.as_slice() else {
            panic!("{lines:?}");
        };
        assert_eq!(limit["bench"], "token");
        assert_eq!(limit["row"], "verify <A&B>");
        assert_eq!(limit["unit"], "µs");
        assert_eq!(limit["ours"], 3.0);
        assert_eq!(limit["limit"], 2.0);
        assert_eq!(limit["ratio"], 1.5);
        assert_eq!(peer["peer"]["peer"], 12.0);
        assert_eq!(peer["ratio"], 0.25);
        assert!(peer.get("limit").is_none());
    }
}
