//! The table for people: medians with least and most behind them, and the ratio to each other one.

use super::{Row, Unit};
use crate::rounds::Figure;

pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![heading(rows)];
    lines.extend(rows.iter().map(cells));
    let widths = widths(&lines);
    let mut table = String::new();
    for line in lines {
        let padded: Vec<_> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                // Names and units to the left, figures to the right.
                0 | 1 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        table.push_str(padded.join("  ").trim_end());
        table.push('\n');
    }
    table
}

fn heading(rows: &[Row]) -> Vec<String> {
    let mut heading = vec![String::new(), String::new(), "ours".to_owned()];
    for other in rows.iter().take(1).flat_map(|row| &row.others) {
        heading.push(other.name.to_owned());
        heading.push("ratio".to_owned());
    }
    heading
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![
        row.name.clone(),
        row.unit.name().to_owned(),
        show(row.unit, row.ours),
    ];
    for other in &row.others {
        cells.push(show(row.unit, other.figure));
        cells.push(format!("{:.2}", other.ratio(row.ours)));
    }
    cells
}

fn show(unit: Unit, figure: Figure) -> String {
    let median = unit.show(figure.median);
    let (min, max) = (unit.show(figure.min), unit.show(figure.max));
    if min == max {
        return median;
    }
    format!("{median} ({min}–{max})")
}

fn widths(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        let lengths = cells.map(|cell| cell.chars().count());
        lengths.max().unwrap_or_default()
    };
    (0..columns).map(width).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let table = super::table(&super::super::example());
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "                              ours               raw  ratio              peer  ratio",
                "verify <A&B>  µs  3.00 (1.50–6.00)  2.00 (1.00–4.00)   1.50  12.0 (6.00–24.0)   0.25",
            ]
        );
    }
}
