//! The chart: horizontal bars, a group for each row.
//!
//! Rows differ by a factor of a thousand, so each group has its own scale and bars compare within it
//! only; the figures stand beside them. Where more are compared than a legend has room for, each bar has
//! its name in front. It has no background and takes its ink from the reader's colour scheme, so it reads
//! on white and on black.

use std::fmt::Write;

use super::{Row, Standing};

const WIDTH: f64 = 760.0;
const LABELS: f64 = 210.0;
const FIGURES: f64 = 170.0;
const BAR: f64 = 11.0;
const GAP: f64 = 12.0;
const TOP: f64 = 58.0;
const LEGEND_STEP: f64 = 150.0;
/// How many others a legend can tell apart.
const LEGEND_ROOM: usize = 3;

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#24292f}\
.title{font-size:15px;font-weight:600}.row{font-weight:600}\
.soft{fill:#57606a}\
.ours{fill:#2f6feb}.limit{fill:#8c959f}.peer{fill:#d4852b}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9198a1}\
.ours{fill:#58a0ff}.limit{fill:#7d8590}.peer{fill:#e39b4a}}";

/// A bar: whose it is, its class, its length as a share of the longest, and what stands beside it.
struct Bar {
    name: &'static str,
    class: &'static str,
    share: f64,
    figure: String,
}

pub(crate) fn svg(bench: &str, rows: &[Row]) -> String {
    let mut body = String::new();
    let crowded = rows.iter().any(|row| row.others.len() > LEGEND_ROOM);
    let mut y = if crowded { TOP - BAR } else { TOP };
    for row in rows {
        if crowded {
            // Writing to a string doesn't fail.
            let _ = writeln!(
                body,
                r#"<text class="row" x="12" y="{:.0}">{}</text>"#,
                y + BAR - 1.0,
                escape(&row.name)
            );
            y += BAR + 2.0;
        } else {
            body.push_str(&label(&row.name, y));
        }
        for bar in bars(row) {
            if crowded {
                body.push_str(&label(bar.name, y));
            }
            body.push_str(&drawn(&bar, y));
            y += BAR + 2.0;
        }
        y += GAP;
    }
    let legend = if crowded { String::new() } else { legend(rows) };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {y:.0}\" \
         width=\"{WIDTH:.0}\" height=\"{y:.0}\" role=\"img\" aria-label=\"{bench}\">\n\
         <style>{STYLE}</style>\n<text class=\"title\" x=\"12\" y=\"22\">{bench}: less is better, \
         each group on its own scale</text>\n{legend}{body}</svg>\n"
    )
}

/// A name in front of the bar at this height.
fn label(name: &str, y: f64) -> String {
    format!(
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\n",
        LABELS - 12.0,
        y + BAR - 1.0,
        escape(name)
    )
}

fn drawn(bar: &Bar, y: f64) -> String {
    let length = (bar.share * (WIDTH - LABELS - FIGURES)).max(1.0);
    format!(
        "<rect class=\"{}\" x=\"{LABELS:.0}\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"{:.0}\" \
         rx=\"2\"/><text class=\"soft\" x=\"{:.1}\" y=\"{:.0}\">{}</text>\n",
        bar.class,
        BAR - 1.0,
        LABELS + length + 6.0,
        y + BAR - 2.0,
        escape(&bar.figure)
    )
}

fn bars(row: &Row) -> Vec<Bar> {
    let all = row.others.iter().map(|other| other.figure.median);
    let longest = all.fold(row.ours.median, f64::max);
    let unit = row.unit;
    let mut bars = vec![Bar {
        name: "Symbolon",
        class: "ours",
        share: row.ours.median / longest,
        figure: format!("{} {}", unit.show(row.ours.median), unit.name()),
    }];
    bars.extend(row.others.iter().map(|other| Bar {
        name: other.name,
        class: class(other.standing),
        share: other.figure.median / longest,
        figure: format!(
            "{} (ratio {})",
            unit.show(other.figure.median),
            other.shown_ratio(row.ours)
        ),
    }));
    bars
}

const fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Limit => "limit",
        Standing::Peer => "peer",
    }
}

fn legend(rows: &[Row]) -> String {
    let others = rows.iter().take(1).flat_map(|row| &row.others);
    let named = others.map(|other| (class(other.standing), other.name));
    let mut legend = String::new();
    let mut x = 12.0;
    for (class, name) in [("ours", "Symbolon")].into_iter().chain(named) {
        let _ = writeln!(
            legend,
            r#"<rect class="{class}" x="{x:.0}" y="34" width="10" height="10" rx="2"/><text x="{:.0}" y="43">{}</text>"#,
            x + 15.0,
            escape(name)
        );
        x += LEGEND_STEP;
    }
    legend
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_longest_bar_fills_its_group_and_names_are_escaped() {
        let chart = super::svg("token", &super::super::example());
        assert!(chart.contains("verify &lt;A&amp;B&gt;"), "{chart}");
        for bar in [
            r#"class="ours" x="210" y="58" width="95.0""#,
            r#"class="limit" x="210" y="71" width="63.3""#,
            r#"class="peer" x="210" y="84" width="380.0""#,
        ] {
            assert!(chart.contains(bar), "{bar} is missing in {chart}");
        }
    }

    #[test]
    fn in_a_crowd_each_bar_has_its_name() {
        let mut rows = super::super::example();
        let peer = rows[0].others[1];
        rows[0].others.extend([peer; 3]);
        let chart = super::svg("token", &rows);
        assert_eq!(chart.matches(">peer</text>").count(), 4, "{chart}");
        assert_eq!(chart.matches(">Symbolon</text>").count(), 1, "{chart}");
    }
}
