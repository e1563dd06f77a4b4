//! Many workers in one request, and what became of each.

use super::rules::{check_source, required};
use super::{NewWorker, Worker};
use crate::auth::Reach;
use crate::db::Id;
use crate::error::{Error, FieldError, Result, Text};
use crate::http::body::Checked;
use crate::http::disclosure::impersonal;
use crate::http::problem::Problem;
use crate::http::repair::Trial;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use utoipa::ToSchema;
use validator::Validate;

impersonal!(BatchResult);

/// Workers to register or replace by external id.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"items": [
    {"source": "roster", "external_id": "A-0042", "area": "131041", "roles": ["designer"]},
    {"source": "roster", "external_id": "A-0043", "area": "131041", "roles": ["writer"]}]}))]
pub struct WorkerBatch {
    /// Each is the body of a `PUT /v1/workers/by-external-id/{source}/{external_id}`, and states both.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500, value_type = Vec<NewWorker>)]
    pub items: Vec<Value>,
}

/// What a replacement leaves out and the worker keeps: neither personal data nor a consent goes by omission.
#[derive(Clone, Copy)]
pub struct Kept {
    pub personal: bool,
    pub consent: bool,
    /// Whether the caller may read the personal data.
    pub reads_personal: bool,
}

impl Kept {
    /// Returns whether the caller states personal data without being able to read what is there.
    pub fn is_blind(self) -> bool {
        !self.personal && !self.reads_personal
    }
}

/// A valid profile with its source and external id.
pub struct Upsert {
    /// The errors of the item for which the profile stands in.
    pub broken: Option<Trial>,
    pub profile: NewWorker,
    pub kept: Kept,
    pub source: String,
    pub external_id: String,
}

impl Upsert {
    /// Reads an item as a single request would be read.
    fn read(value: &Value, reach: &Reach, reads_personal: bool) -> Result<Upsert> {
        let (mut profile, broken): (NewWorker, _) = match Checked::of(value)? {
            Checked::Valid(profile) => (profile, None),
            Checked::Broken(faults, stand_in) => {
                let (profile, trial) = stand_in.split(faults);
                (profile, Some(trial))
            }
        };
        let together = |error: Error| match &broken {
            None => error,
            Some(trial) => Error::Invalid(trial.after::<()>(Err(error))),
        };
        if let Reach::Partner(partner) = reach {
            profile.source.get_or_insert_with(|| partner.source.clone());
        }
        let (Some(source), Some(external_id)) = (profile.source.clone(), profile.external_id.clone()) else {
            let named = [
                ("/source", &profile.source),
                ("/external_id", &profile.external_id),
            ];
            let missing = named.into_iter().filter(|(_, value)| value.is_none());
            let missing = missing.map(|(pointer, _)| required(pointer)).collect();
            return Err(together(Error::Invalid(missing)));
        };
        check_source(reach, &source).map_err(together)?;
        Ok(Upsert {
            broken,
            kept: Kept {
                personal: value.get("personal").is_none(),
                consent: value.get("consent").is_none(),
                reads_personal,
            },
            profile,
            source,
            external_id,
        })
    }

    /// Reads all items of a batch. The second with the same source and external id is an error.
    pub fn read_all(batch: &WorkerBatch, reach: &Reach, reads_personal: bool) -> Vec<Result<Upsert>> {
        let mut first: HashMap<(String, String), usize> = HashMap::new();
        let read = |(index, value)| {
            let upsert = Upsert::read(value, reach, reads_personal)?;
            let name = (upsert.source.clone(), upsert.external_id.clone());
            match first.get(&name) {
                _ if upsert.broken.is_some() => Ok(upsert),
                Some(first) => Err(repeated(*first)),
                None => {
                    first.insert(name, index);
                    Ok(upsert)
                }
            }
        };
        batch.items.iter().enumerate().map(read).collect()
    }
}

/// The error of an item about the same worker as an earlier one.
pub fn repeated(first: usize) -> Error {
    let rule = Text::new(
        format!("items の{first}番（0から数えて）と同じワーカーです。"),
        format!("Item {first}, counted from 0, is about the same worker."),
    );
    Error::Invalid(vec![FieldError::at("/external_id", "duplicate_item", rule)])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchItemStatus {
    Created,
    Updated,
    /// The worker was like this already.
    Unchanged,
    /// Nothing was written for this item. `error` says why.
    Error,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchItem {
    /// The place of the item in the request, from 0.
    #[schema(maximum = 499)]
    pub index: usize,
    pub status: BatchItemStatus,
    /// The worker. Null after an error.
    pub id: Option<Id>,
    /// The worker's version, also its ETag. Null after an error.
    pub version: Option<i64>,
    /// The error that the single request would return, with pointers into the item. Null otherwise.
    pub error: Option<Problem>,
}

/// What became of a batch: each item in the order of the request, and the number of items with each status.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct BatchResult {
    #[schema(max_items = 500)]
    pub items: Vec<BatchItem>,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    pub errors: usize,
}

impl BatchResult {
    pub fn of(
        done: Vec<Result<(BatchItemStatus, Worker)>>,
        describe: impl Fn(&Error) -> Problem,
    ) -> BatchResult {
        let mut result = BatchResult::default();
        for (index, one) in done.into_iter().enumerate() {
            let (status, worker, error) = match one {
                Ok((status, worker)) => (status, Some(worker), None),
                Err(error) => (BatchItemStatus::Error, None, Some(describe(&error))),
            };
            *match status {
                BatchItemStatus::Created => &mut result.created,
                BatchItemStatus::Updated => &mut result.updated,
                BatchItemStatus::Unchanged => &mut result.unchanged,
                BatchItemStatus::Error => &mut result.errors,
            } += 1;
            result.items.push(BatchItem {
                index,
                status,
                id: worker.as_ref().map(|worker| worker.id),
                version: worker.map(|worker| worker.version),
                error,
            });
        }
        result
    }
}
