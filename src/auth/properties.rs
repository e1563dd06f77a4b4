//! Who may write which property: the table beside the permissions.
//!
//! A scope lets a role write a kind of record; this table says which properties. It has one row for each property of
//! a request body and one column for each role. Creating, changing and importing a record ask it. A property that a
//! role may not write has to keep its value, or its default in a new record, so that a client may send back what it
//! read.
//!
//! What identifies a record to imports (its source and external id, the names and number of an organization) is never
//! its own to set: it would become the target of somebody else's rows.

use super::permissions::extent;
use super::role::UserRole;
use crate::error::{Error, FieldError, Result, Text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt::Write;
use strum::VariantArray;

/// A kind of record that clients write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RecordKind {
    Organizations,
    Deliverables,
    Workers,
    Applications,
    Projects,
    Users,
    Partners,
    Events,
    Registrations,
    Cards,
    Posts,
    Publications,
}

impl RecordKind {
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Returns the scopes that write it.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            RecordKind::Organizations => &["organizations:write"],
            RecordKind::Deliverables => &["deliverables:write"],
            RecordKind::Workers => &["workers:write"],
            RecordKind::Applications => &["applications:submit", "applications:write"],
            RecordKind::Projects => &["projects:write"],
            RecordKind::Users => &["users:write"],
            RecordKind::Partners => &["partners:write"],
            RecordKind::Events => &["events:write"],
            RecordKind::Registrations => &["registrations:write"],
            RecordKind::Cards => &["showcase:write"],
            RecordKind::Posts | RecordKind::Publications => &["press:write"],
        }
    }
}

/// A property, and whether each role may write it, in the order of `UserRole::VARIANTS`.
pub struct Property {
    pub record: RecordKind,
    /// JSON Pointer into the request body.
    pub pointer: &'static str,
    pub writers: [bool; UserRole::VARIANTS.len()],
}

macro_rules! properties {
    ($($record:ident { $($pointer:literal: [$($writer:ident)*],)* })*) => {
        pub const PROPERTIES: &[Property] = &[$($(Property {
            record: RecordKind::$record,
            pointer: $pointer,
            writers: [$(properties!(@ $writer)),*],
        }),*),*];
    };
    (@ yes) => { true };
    (@ no) => { false };
}

properties! {
    // admin, coordinator, organization, worker, partner, importer, auditor
    Organizations {
        "/name": [yes yes no no no yes no],
        "/kana": [yes yes yes no no yes no],
        "/kind": [yes yes yes no no yes no],
        "/area": [yes yes no no no yes no],
        "/status": [yes yes yes no no yes no],
        "/themes": [yes yes yes no no yes no],
        "/corporate_number": [yes yes no no no yes no],
        "/contact": [yes yes yes no no yes no],
        "/intermediary": [yes yes no no no yes no],
        "/aliases": [yes yes no no no yes no],
        "/description": [yes yes yes no no yes no],
        "/open_data": [yes yes yes no no yes no],
        "/source": [yes yes no no no yes no],
        "/external_id": [yes yes no no no yes no],
    }
    Deliverables {
        "/organization_id": [yes yes yes no no yes no],
        "/joint_organization_ids": [yes yes yes no no yes no],
        "/type": [yes yes yes no no yes no],
        "/additional_types": [yes yes yes no no yes no],
        "/title": [yes yes yes no no yes no],
        "/trouble": [yes yes yes no no yes no],
        "/format": [yes yes yes no no yes no],
        "/starts_on": [yes yes yes no no yes no],
        "/ends_on": [yes yes yes no no yes no],
        "/hours_per_week": [yes yes yes no no yes no],
        "/day_parts": [yes yes yes no no yes no],
        "/area": [yes yes yes no no yes no],
        "/remote": [yes yes yes no no yes no],
        "/roles": [yes yes yes no no yes no],
        "/qualifications": [yes yes yes no no yes no],
        "/themes": [yes yes yes no no yes no],
        "/shared_with_partners": [yes yes yes no no yes no],
        "/external_team": [yes yes no no no yes no],
        "/applications_per_place": [yes yes yes no no yes no],
        "/status": [yes yes yes no no yes no],
        "/cancellation_reason": [yes yes yes no no yes no],
        "/source": [yes yes no no no yes no],
        "/external_id": [yes yes no no no yes no],
    }
    Workers {
        "/personal": [yes yes no yes yes yes no],
        "/personal/email_verified": [yes yes no no yes yes no],
        "/personal/phone_verified": [yes yes no no yes yes no],
        "/alias": [yes yes no yes yes yes no],
        "/status": [yes yes no yes yes yes no],
        "/consent": [yes yes no yes yes yes no],
        "/area": [yes yes no yes yes yes no],
        "/travel_limit_km": [yes yes no yes yes yes no],
        "/remote": [yes yes no yes yes yes no],
        "/accepted_formats": [yes yes no yes yes yes no],
        "/preferred_formats": [yes yes no yes yes yes no],
        "/roles": [yes yes no yes yes yes no],
        "/skills": [yes yes no yes yes yes no],
        "/themes": [yes yes no yes yes yes no],
        "/hours_per_week": [yes yes no yes yes yes no],
        "/day_parts": [yes yes no yes yes yes no],
        "/available_from": [yes yes no yes yes yes no],
        "/available_until": [yes yes no yes yes yes no],
        "/capacity": [yes yes no yes yes yes no],
        "/open_load": [yes yes no no no yes no],
        "/qualifications": [yes yes no yes yes yes no],
        "/experience": [yes yes no yes yes yes no],
        "/track_record": [yes yes no no no yes no],
        "/last_active_on": [yes yes no yes yes yes no],
        "/blocked_organization_ids": [yes yes no yes yes yes no],
        "/conflict_organization_ids": [yes yes no no no yes no],
        "/source": [yes yes no no yes yes no],
        "/external_id": [yes yes no no yes yes no],
    }
    Applications {
        "/direction": [yes yes yes no no no no],
        "/deliverable_id": [yes yes yes yes yes no no],
        "/worker_id": [yes yes yes yes yes no no],
        "/role": [yes yes yes yes yes no no],
        "/message": [yes yes yes yes yes no no],
        "/status": [yes yes yes yes yes no no],
        "/reason": [yes yes yes yes yes no no],
        "/note": [yes yes yes yes yes no no],
        "/respond_by": [yes yes yes no no no no],
        "/agreement": [yes yes yes yes yes no no],
        "/worker_agrees": [yes yes no yes yes no no],
        "/organization_agrees": [yes yes yes no no no no],
    }
    Projects {
        "/organization_id": [yes yes no no no no no],
        "/title": [yes yes no no no no no],
        "/starts_on": [yes yes no no no no no],
        "/ends_on": [yes yes no no no no no],
        "/status": [yes yes no no no no no],
        "/reason": [yes yes no no no no no],
        "/message": [yes yes no no no no no],
        "/accompaniment": [yes yes no no no no no],
    }
    Users {
        "/email": [yes no no no no no no],
        "/name": [yes no no no no no no],
        "/role": [yes no no no no no no],
        "/status": [yes no no no no no no],
        "/areas": [yes no no no no no no],
        "/intermediary": [yes no no no no no no],
        "/organization_id": [yes no no no no no no],
        "/worker_id": [yes no no no no no no],
    }
    Partners {
        "/code": [yes no no no no no no],
        "/name": [yes no no no no no no],
        "/status": [yes no no no no no no],
        "/scopes": [yes no no no no no no],
        "/areas": [yes no no no no no no],
        "/families": [yes no no no no no no],
        "/quota_per_minute": [yes no no no no no no],
        "/quota_per_day": [yes no no no no no no],
        "/origins": [yes no no no no no no],
        "/sandbox": [yes no no no no no no],
    }
    Events {
        "/title": [yes yes yes no no no no],
        "/kana": [yes yes yes no no no no],
        "/kind": [yes yes yes no no no no],
        "/status": [yes yes yes no no no no],
        "/notice": [yes yes yes no no no no],
        "/programme_id": [yes yes no no no no no],
        "/deliverable_id": [yes yes yes no no no no],
        "/series": [yes yes yes no no no no],
        "/number": [yes yes yes no no no no],
        "/times": [yes yes yes no no no no],
        "/month": [yes yes yes no no no no],
        "/areas": [yes yes yes no no no no],
        "/host_ids": [yes yes yes no no no no],
        "/place": [yes yes yes no no no no],
        "/online": [yes yes yes no no no no],
        "/online_url": [yes yes yes no no no no],
        "/url": [yes yes yes no no no no],
        "/fee_yen": [yes yes yes no no no no],
        "/audience": [yes yes yes no no no no],
        "/contact": [yes yes yes no no no no],
        "/description": [yes yes yes no no no no],
        "/speakers": [yes yes yes no no no no],
        "/breakouts": [yes yes yes no no no no],
        "/materials": [yes yes yes no no no no],
        "/follows_event_ids": [yes yes yes no no no no],
        "/capacity": [yes yes yes no no no no],
        "/waiting_list": [yes yes yes no no no no],
        "/takes_registrations": [yes yes yes no no no no],
        "/registration_closes_at": [yes yes yes no no no no],
        "/questions": [yes yes yes no no no no],
        "/declared_attendance": [yes yes yes no no no no],
        "/declared_breakouts": [yes yes yes no no no no],
    }
    Registrations {
        "/name": [yes yes yes yes yes no no],
        "/email": [yes yes yes yes yes no no],
        "/phone": [yes yes yes yes yes no no],
        "/affiliation": [yes yes yes yes yes no no],
        "/note": [yes yes yes yes yes no no],
        "/worker_id": [yes yes yes yes yes no no],
        "/organization_id": [yes yes yes no no no no],
        "/places": [yes yes yes yes yes no no],
        "/wants_consultation": [yes yes yes yes yes no no],
        "/registration_id": [yes yes yes yes yes no no],
        "/replies": [yes yes yes yes yes no no],
        "/status": [yes yes yes yes yes no no],
    }
    Cards {
        "/project_id": [yes yes yes no no no no],
        "/title": [yes yes yes no no no no],
        "/story": [yes yes yes no no no no],
        "/photo": [yes yes yes no no no no],
        "/consent": [yes yes yes no no no no],
        "/status": [yes yes yes no no no no],
    }
    Posts {
        "/kind": [yes yes no no no no no],
        "/number": [yes yes no no no no no],
        "/title": [yes yes no no no no no],
        "/body": [yes yes no no no no no],
        "/area": [yes yes no no no no no],
        "/publish_at": [yes yes no no no no no],
        "/status": [yes yes no no no no no],
    }
    Publications {
        "/kind": [yes yes no no no no no],
        "/title": [yes yes no no no no no],
        "/site": [yes yes no no no no no],
        "/summary": [yes yes no no no no no],
        "/points": [yes yes no no no no no],
        "/making": [yes yes no no no no no],
        "/area": [yes yes no no no no no],
        "/versions": [yes yes no no no no no],
        "/links": [yes yes no no no no no],
        "/recipients": [yes yes no no no no no],
        "/status": [yes yes no no no no no],
    }
}

impl Property {
    pub fn may_write(&self, role: UserRole) -> bool {
        let column = UserRole::VARIANTS.iter().position(|r| *r == role);
        column
            .and_then(|column| self.writers.get(column))
            .copied()
            .unwrap_or_default()
    }

    /// Returns the roles that write records of this kind, but not this property.
    pub fn refused(&self) -> impl Iterator<Item = UserRole> {
        let writes = |role: &UserRole| {
            self.record
                .scopes()
                .iter()
                .any(|scope| extent(*role, scope).is_some())
        };
        let roles = UserRole::VARIANTS.iter().copied();
        roles.filter(move |role| writes(role) && !self.may_write(*role))
    }
}

/// Refuses a write that changes a property which the role may not write. `before` is none for a new record.
pub fn check_properties<T: Serialize + DeserializeOwned>(
    role: UserRole,
    record: RecordKind,
    before: Option<&T>,
    after: &T,
) -> Result<()> {
    let of_record = PROPERTIES.iter().filter(|property| property.record == record);
    let fixed: Vec<&str> = of_record
        .filter(|property| !property.may_write(role))
        .map(|property| property.pointer)
        .collect();
    if fixed.is_empty() {
        return Ok(());
    }
    let internal = |e: serde_json::Error| Error::Internal(e.to_string());
    let after = serde_json::to_value(after).map_err(internal)?;
    let before = before.map(serde_json::to_value).transpose().map_err(internal)?;
    let defaults = defaults::<T>(&after, &fixed)?;
    let is_changed = |pointer: &&str| {
        let kept = before.as_ref().and_then(|before| before.pointer(pointer));
        let kept = kept.or_else(|| defaults.pointer(pointer)).unwrap_or(&Value::Null);
        // What is inside of a member that is null is not written.
        after.pointer(pointer).is_some_and(|after| after != kept)
    };
    let faults: Vec<FieldError> = fixed.into_iter().filter(is_changed).map(not_permitted).collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}

/// Returns the record with the defaults of the properties at these pointers. A property without a default stays null.
fn defaults<T: Serialize + DeserializeOwned>(after: &Value, pointers: &[&str]) -> Result<Value> {
    let mut bare = after.clone();
    for pointer in pointers {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
        if let Some(members) = bare.pointer_mut(parent).and_then(Value::as_object_mut) {
            members.remove(name);
        }
    }
    let filled = serde_json::from_value::<T>(bare.clone()).and_then(serde_json::to_value);
    Ok(filled.unwrap_or(bare))
}

/// Returns the fault of a property that the caller may not change.
pub fn not_permitted(pointer: &str) -> FieldError {
    let rule = Text::new(
        "この項目は変更できません。変更が必要な場合は、事務局にご連絡ください。",
        "You can't change this. Ask the secretariat.",
    );
    FieldError::at(pointer.to_owned(), "not_permitted", rule)
}

/// Returns the table in Markdown, for `musubi permissions`.
pub fn property_table() -> String {
    let mut text = "| record | property |".to_owned();
    for &role in UserRole::VARIANTS {
        let _ = write!(text, " {} |", role.code());
    }
    text += "\n|---|---|";
    text += &"---|".repeat(UserRole::VARIANTS.len());
    for property in PROPERTIES {
        let _ = write!(text, "\n| {} | `{}` |", property.record.code(), property.pointer);
        for writes in property.writers {
            text += if writes { " yes |" } else { "  |" };
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn only_roles_with_the_scope_write_properties_and_an_administrator_writes_all() {
        for property in PROPERTIES {
            let at = format!("{} {}", property.record.code(), property.pointer);
            assert!(property.may_write(UserRole::Admin), "{at}");
            for &role in UserRole::VARIANTS {
                let writes = property
                    .record
                    .scopes()
                    .iter()
                    .any(|scope| extent(role, scope).is_some());
                assert!(writes || !property.may_write(role), "{at} {role:?}");
            }
        }
    }

    /// The import of a published archive writes whole records without asking the table.
    #[test]
    fn who_imports_writes_every_property_of_organizations_and_deliverables() {
        let written = [RecordKind::Organizations, RecordKind::Deliverables];
        for property in PROPERTIES
            .iter()
            .filter(|property| written.contains(&property.record))
        {
            for &role in UserRole::VARIANTS {
                assert!(extent(role, "imports:write").is_none() || property.may_write(role));
            }
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Body {
        name: String,
        #[serde(default)]
        aliases: Vec<String>,
        #[serde(default)]
        source: Option<String>,
    }

    #[test]
    fn a_fixed_property_keeps_its_value_or_its_default() {
        let body = |aliases: &[&str]| Body {
            name: "風".into(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            source: None,
        };
        let check = |before: Option<&Body>, after: &Body| {
            check_properties(UserRole::Organization, RecordKind::Organizations, before, after)
        };
        assert!(check(Some(&body(&["a"])), &body(&["a"])).is_ok());
        let Err(Error::Invalid(faults)) = check(Some(&body(&["a"])), &body(&[])) else {
            panic!("an alias was removed");
        };
        assert_eq!(faults.len(), 1);
        assert!(check(Some(&body(&[])), &body(&["a"])).is_err());
        // A new record may not choose a name either, as it has no default.
        assert!(check(None, &body(&[])).is_err());
    }
}
