//! The table for people: medians with least and most behind them, and the ratio to each other one.

use super::{Row, Unit};
use crate::rounds::Figure;

pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![heading(rows)];
    lines.extend(rows.iter().map(cells));
    // Names and units to the left, figures to the right.
    aligned(&lines, 2)
}

/// How many rows stand beside each other in a tall table.
const COLUMNS: usize = 4;

/// The table where many are compared: a line for each of them.
pub(crate) fn tall(rows: &[Row]) -> String {
    let blocks: Vec<_> = rows.chunks(COLUMNS).map(block).collect();
    blocks.join("\n")
}

fn block(rows: &[Row]) -> String {
    let names = rows.iter().take(1).flat_map(|row| &row.others);
    let names = names.map(|other| other.name.to_owned());
    let mut lines = vec![vec![String::new()], vec!["ours".to_owned()]];
    lines.extend(names.map(|name| vec![name]));
    for row in rows {
        let heading = format!("{}, {}", row.name, row.unit.name());
        let ours = [show(row.unit, row.ours), String::new()];
        let others = row.others.iter().map(|other| {
            let figure = show(row.unit, other.figure);
            [figure, other.shown_ratio(row.ours)]
        });
        let columns = [[heading, "ratio".to_owned()], ours].into_iter();
        for (line, cells) in lines.iter_mut().zip(columns.chain(others)) {
            line.extend(cells);
        }
    }
    aligned(&lines, 1)
}

/// Pads the cells of each column to the same width: the first few to the left, the rest to the right.
fn aligned(lines: &[Vec<String>], left: usize) -> String {
    let widths = widths(lines);
    let mut table = String::new();
    for line in lines {
        let padded: Vec<_> = line
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| {
                if column < left {
                    format!("{cell:<width$}")
                } else {
                    format!("{cell:>width$}")
                }
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
        cells.push(other.shown_ratio(row.ours));
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

    #[test]
    fn in_a_tall_table_each_has_a_line() {
        let mut rows = super::super::example();
        rows.push(rows[0].clone());
        rows[1].others[1].figure.median = 300.0;
        let table = super::tall(&rows);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "      verify <A&B>, µs  ratio   verify <A&B>, µs  ratio",
                "ours  3.00 (1.50–6.00)          3.00 (1.50–6.00)",
                "raw   2.00 (1.00–4.00)   1.50   2.00 (1.00–4.00)   1.50",
                "peer  12.0 (6.00–24.0)   0.25  300.0 (6.00–24.0)  0.010",
            ]
        );
    }
}
