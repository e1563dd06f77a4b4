//! What a server counts and measures, as text for Prometheus.
//!
//! A module keeps the [`IntCounterVec`]s and [`HistogramVec`]s of what it does. A [`Figure`] is found out when somebody
//! asks. `server::metrics` collects both. Names follow Prometheus's conventions: a prefix, the unit, `_total` for what only grows.
//!
//! Labels have few values: operations, statuses, names of tasks. Never ids, paths or anything that a caller chooses.

use crate::error::{Error, Result};
use prometheus::core::Collector;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{HistogramOpts, Opts, TextEncoder};

pub use prometheus::{GaugeVec, HistogramVec, IntCounterVec, TEXT_FORMAT};

/// The upper bounds of times that are counted together, in seconds.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

impl From<prometheus::Error> for Error {
    fn from(error: prometheus::Error) -> Error {
        Error::Internal(format!("metrics: {error}"))
    }
}

/// Counts that only grow, one for each combination of labels.
pub fn counts(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
    Ok(IntCounterVec::new(Opts::new(name, help), labels)?)
}

/// Values that rise and fall, one for each combination of labels.
pub fn gauges(name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
    Ok(GaugeVec::new(Opts::new(name, help), labels)?)
}

/// Times, one histogram for each combination of labels.
pub fn times(name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(SECONDS.to_vec());
    Ok(HistogramVec::new(options, labels)?)
}

/// A value that is found out when somebody asks.
#[derive(Debug, Clone)]
pub struct Figure {
    name: &'static str,
    help: &'static str,
    labels: Vec<(&'static str, String)>,
    value: f64,
}

impl Figure {
    pub fn new(name: &'static str, help: &'static str, value: f64) -> Figure {
        let labels = Vec::new();
        Figure {
            name,
            help,
            labels,
            value,
        }
    }

    pub fn with(mut self, label: &'static str, value: impl Into<String>) -> Figure {
        self.labels.push((label, value.into()));
        self
    }

    fn metric(&self, kind: MetricType) -> Metric {
        let mut metric = Metric::default();
        if kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(self.value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(self.value);
            metric.set_gauge(gauge);
        }
        let label = |(name, value): &(&str, String)| {
            let mut label = LabelPair::default();
            label.set_name((*name).to_owned());
            label.set_value(value.clone());
            label
        };
        metric.set_label(self.labels.iter().map(label).collect());
        metric
    }
}

/// Returns figures of one name as a family.
fn family(same: &[Figure]) -> Option<MetricFamily> {
    let first = same.first()?;
    let kind = if first.name.ends_with("_total") {
        MetricType::COUNTER
    } else {
        MetricType::GAUGE
    };
    let mut family = MetricFamily::default();
    family.set_name(first.name.to_owned());
    family.set_help(first.help.to_owned());
    family.set_field_type(kind);
    family.set_metric(same.iter().map(|figure| figure.metric(kind)).collect());
    Some(family)
}

/// Returns everything as text, in order of the names.
pub fn render(kept: &[&dyn Collector], mut figures: Vec<Figure>) -> Result<String> {
    figures.sort_by_key(|figure| figure.name);
    let kept = kept.iter().flat_map(|kept| kept.collect());
    let found = figures.chunk_by(|a, b| a.name == b.name).filter_map(family);
    let mut families: Vec<MetricFamily> = kept
        .chain(found)
        .filter(|family| !family.get_metric().is_empty())
        .collect();
    families.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(TextEncoder::new().encode_to_string(&families)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_one_name_have_one_heading() {
        let counted = counts("b_total", "Counted.", &["kind"]).unwrap();
        counted.with_label_values(&["x\"y"]).inc();
        let unused = counts("c_total", "Never counted.", &["kind"]).unwrap();
        let figure = |label: &str, value| Figure::new("a", "Found.", value).with("of", label);
        let made = Figure::new("a_total", "Grows.", 3.0);
        let text = render(
            &[&counted, &unused],
            vec![figure("1", 1.5), made, figure("2", 2.0)],
        )
        .unwrap();
        let expected = "# HELP a Found.\n# TYPE a gauge\na{of=\"1\"} 1.5\na{of=\"2\"} 2\n\
            # HELP a_total Grows.\n# TYPE a_total counter\na_total 3\n\
            # HELP b_total Counted.\n# TYPE b_total counter\nb_total{kind=\"x\\\"y\"} 1\n";
        assert_eq!(text, expected);
    }
}
