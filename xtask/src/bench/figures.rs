//! Figures: columns of measurements, their medians and ratios, to print and to keep.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// One thing that was measured several times.
struct Column {
    name: &'static str,
    values: Vec<f64>,
}

/// Which column is compared with which.
type Ratios = &'static [(&'static str, &'static str)];

/// Columns in the order in which they were first measured.
pub(super) struct Figures {
    unit: &'static str,
    columns: Vec<Column>,
    ratios: Ratios,
    notes: Vec<String>,
}

impl Figures {
    /// Returns an empty table. `ratios` names the columns that are compared.
    pub(super) const fn new(unit: &'static str, ratios: Ratios) -> Self {
        Self {
            unit,
            columns: Vec::new(),
            ratios,
            notes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, name: &'static str, value: f64) {
        match self.columns.iter_mut().find(|column| column.name == name) {
            Some(column) => column.values.push(value),
            None => self.columns.push(Column {
                name,
                values: vec![value],
            }),
        }
    }

    /// A line below the figures.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    fn median(&self, name: &str) -> Option<f64> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        Some(median(&column.values))
    }

    /// Returns the ratios of the medians of the columns that are compared.
    fn ratios(&self) -> Vec<(String, f64)> {
        let ratio = |(name, other): &(&str, &str)| {
            let ratio = self.median(name)? / self.median(other)?;
            Some((format!("{name} / {other}"), ratio))
        };
        self.ratios.iter().filter_map(ratio).collect()
    }

    /// Writes all of it as JSON.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let object = |pairs: Vec<(String, Value)>| Value::Object(pairs.into_iter().collect());
        let named = |column: &Column, value| (column.name.to_owned(), value);
        let medians = self
            .columns
            .iter()
            .map(|column| named(column, json!(median(&column.values))));
        let all = self
            .columns
            .iter()
            .map(|column| named(column, json!(column.values)));
        let ratios = self
            .ratios()
            .into_iter()
            .map(|(name, ratio)| (name, json!(ratio)));
        let report = json!({
            "unit": self.unit,
            "medians": object(medians.collect()),
            "ratios": object(ratios.collect()),
            "all": object(all.collect()),
            "notes": self.notes,
        });
        fs::write(file, report.to_string()).with_context(|| format!("cannot write {}", file.display()))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<44}{:>9}{:>9}{:>9}  ({})",
            "", "min", "median", "max", self.unit
        )?;
        for Column { name, values } in &self.columns {
            let min = values.iter().copied().fold(f64::INFINITY, f64::min);
            let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            writeln!(out, "{name:<44}{min:>9.3}{:>9.3}{max:>9.3}", median(values))?;
        }
        for (name, ratio) in self.ratios() {
            writeln!(out, "{name:<62}{ratio:>9.2}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(out, "{note}"))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => f64::NAN,
        0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn ratios_are_those_of_medians() {
        let mut figures = Figures::new("s", &[("b", "a"), ("b", "not measured")]);
        for (name, value) in [("a", 2.0), ("b", 3.0), ("a", 2.0), ("b", 5.0)] {
            figures.add(name, value);
        }
        assert_eq!(figures.ratios(), [("b / a".to_owned(), 2.0)]);
    }
}
