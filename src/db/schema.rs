//! The tables, kept by hand for both databases; a test holds it and the migrations together.

/// A table as backups see it: name, primary key, and the columns with the names of their types.
pub struct Table {
    /// The slice whose store writes the table.
    pub owner: &'static str,
    pub name: &'static str,
    pub key: &'static [&'static str],
    pub columns: &'static [Column],
}

pub struct Column {
    pub name: &'static str,
    pub type_name: &'static str,
    pub nullable: bool,
}

/// Tables whose columns may be of our own types. diesel takes 16 columns of a table; it knows those after `+` as columns of a
/// table that has the same rows.
macro_rules! tables {
    ($($owner:ident: $table:ident ($($key:ident),+) { $($column:ident -> $type:ident $(<$inner:ident>)?,)* }
        $(+ $name:literal as $further:ident ($id:ident) { $($more:ident -> $more_type:ident $(<$more_inner:ident>)?,)* })?)*) => {
        $(diesel::table! {
            use diesel::sql_types::*;
            use crate::db::{JsonText, MicrosecondTime, UniqueId};
            $table ($($key),+) { $($column -> $type $(<$inner>)?,)* }
        }
        $(tables!(@ further $name $further $id $($more $more_type $($more_inner)?,)*);)?)*

        pub const TABLES: &[Table] = &[$(Table {
            owner: stringify!($owner),
            name: stringify!($table),
            key: &[$(stringify!($key)),+],
            columns: &[
                $(tables!(@ $column $type $($inner)?),)*
                $($(tables!(@ $more $more_type $($more_inner)?),)*)?
            ],
        }),*];
    };
    (@ further $name:literal $further:ident $id:ident $($column:ident $type:ident $($inner:ident)?,)*) => {
        diesel::table! {
            use diesel::sql_types::*;
            use crate::db::{JsonText, MicrosecondTime, UniqueId};
            #[sql_name = $name]
            $further ($id) { $id -> UniqueId, $($column -> $type $(<$inner>)?,)* }
        }
    };
    (@ $column:ident $type:ident) => {
        Column { name: stringify!($column), type_name: stringify!($type), nullable: false }
    };
    (@ $column:ident Nullable $inner:ident) => {
        Column { name: stringify!($column), type_name: stringify!($inner), nullable: true }
    };
}

tables! {
    changes: changes (seq) {
        seq -> BigInt,
        at -> MicrosecondTime,
        actor -> Text,
        entity -> Text,
        entity_id -> Text,
        action -> Text,
        version -> BigInt,
        seen_before -> Nullable<Text>,
        seen_after -> Nullable<Text>,
    }

    changes: audiences (entity, entity_id) {
        entity -> Text,
        entity_id -> UniqueId,
        words -> Text,
    }

    http: idempotency_keys (caller, key) {
        caller -> Text,
        key -> Text,
        fingerprint -> Text,
        lease -> UniqueId,
        answer -> Nullable<JsonText>,
        entity_id -> Nullable<Text>,
        created_at -> MicrosecondTime,
        bytes -> BigInt,
    }

    http: idempotency_usage (caller) {
        caller -> Text,
        bytes -> BigInt,
    }

    catalogue: catalogue_entries (kind, code) {
        kind -> Text,
        code -> Text,
        definition -> JsonText,
        position -> Integer,
        version -> BigInt,
        updated_at -> MicrosecondTime,
    }

    catalogue: type_durations (type_code) {
        type_code -> Text,
        median_days -> Nullable<Integer>,
        deliveries -> Integer,
    }

    organizations: organizations (id) {
        id -> UniqueId,
        name -> Text,
        kind -> Text,
        area -> Text,
        status -> Text,
        corporate_number -> Nullable<Text>,
        source -> Nullable<Text>,
        external_id -> Nullable<Text>,
        profile -> JsonText,
        grams -> Text,
        archived_at -> Nullable<MicrosecondTime>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        merged_into -> Nullable<UniqueId>,
        open_data -> Bool,
    }

    organizations: organization_names (area, name_key, organization_id) {
        area -> Text,
        name_key -> Text,
        organization_id -> UniqueId,
    }

    deliverables: deliverables (id) {
        id -> UniqueId,
        organization_id -> UniqueId,
        deliverable_type -> Text,
        family -> Text,
        format -> Text,
        status -> Text,
        fiscal_year -> Integer,
        area -> Text,
        source -> Nullable<Text>,
        external_id -> Nullable<Text>,
        request -> JsonText,
        grams -> Text,
        archived_at -> Nullable<MicrosecondTime>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }
    + "deliverables" as deliverable_times (id) {
        due_day -> Integer,
        status_since -> MicrosecondTime,
        month -> Nullable<Integer>,
        days_to_match -> Nullable<Integer>,
    }

    deliverables: deliverable_organizations (deliverable_id, organization_id) {
        deliverable_id -> UniqueId,
        organization_id -> UniqueId,
        status -> Text,
    }

    deliverables: deliverable_roles (deliverable_id, role) {
        deliverable_id -> UniqueId,
        role -> Text,
    }

    deliverables: deliverable_skills (deliverable_id, skill) {
        deliverable_id -> UniqueId,
        skill -> Text,
    }

    statistics: declared_totals (source, fiscal_year, category) {
        source -> Text,
        fiscal_year -> Integer,
        category -> Text,
        format -> Text,
        declared -> Integer,
        listed -> Integer,
    }

    workers: workers (id) {
        id -> UniqueId,
        source -> Nullable<Text>,
        external_id -> Nullable<Text>,
        status -> Text,
        area -> Nullable<Text>,
        alias -> Text,
        profile -> JsonText,
        personal -> JsonText,
        grams -> Text,
        personal_grams -> Text,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        partner_id -> Nullable<UniqueId>,
        sandbox -> Bool,
        merged_into -> Nullable<UniqueId>,
    }

    workers: worker_roles (worker_id, role) {
        worker_id -> UniqueId,
        role -> Text,
    }

    workers: worker_records (worker_id, family, role) {
        worker_id -> UniqueId,
        family -> Text,
        role -> Text,
        open -> Integer,
        delivered -> Integer,
        dropped -> Integer,
        ended -> Integer,
        placed -> Integer,
        last_day -> Nullable<Integer>,
        minutes -> Integer,
        reviews -> Integer,
        praise -> Integer,
        criticism -> Integer,
        withdrawn -> Integer,
    }

    workers: worker_separations (worker_id, organization_id) {
        worker_id -> UniqueId,
        organization_id -> UniqueId,
    }

    workers: worker_skills (worker_id, skill) {
        worker_id -> UniqueId,
        skill -> Text,
        level -> Integer,
    }

    exposures: shown_lists (id) {
        id -> UniqueId,
        shown_at -> MicrosecondTime,
        day -> Integer,
        viewer -> Text,
        kind -> Text,
        subject_id -> UniqueId,
        digest -> BigInt,
        strength_ppm -> Nullable<BigInt>,
        ndcg_ppm -> BigInt,
        list -> JsonText,
    }

    exposures: exposures (week, kind, subject_id) {
        week -> Integer,
        kind -> Text,
        subject_id -> UniqueId,
        shown -> Integer,
        attention_ppm -> BigInt,
        deserved_ppm -> BigInt,
    }

    weights: weights (version) {
        version -> BigInt,
        components -> JsonText,
        reason -> Text,
        changed_by -> Text,
        changed_at -> MicrosecondTime,
    }

    applications: applications (id) {
        id -> UniqueId,
        deliverable_id -> UniqueId,
        worker_id -> Nullable<UniqueId>,
        role -> Text,
        place -> Nullable<Integer>,
        message -> Nullable<Text>,
        status -> Text,
        reason -> Nullable<Text>,
        note -> Nullable<Text>,
        created_by -> Text,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        partner_id -> Nullable<UniqueId>,
        sandbox -> Bool,
        month -> Integer,
    }
    + "applications" as application_terms (id) {
        direction -> Text,
        awaits -> Nullable<Text>,
        respond_by -> Nullable<MicrosecondTime>,
        warned_at -> Nullable<MicrosecondTime>,
        next_check_at -> Nullable<MicrosecondTime>,
        agreement -> Nullable<JsonText>,
        worker_agrees -> Bool,
        organization_agrees -> Bool,
        moved_up_at -> Nullable<MicrosecondTime>,
        request_reason -> Nullable<Text>,
        closed_at -> Nullable<MicrosecondTime>,
        closed_by -> Nullable<Text>,
    }

    applications: application_responses (application_id) {
        application_id -> UniqueId,
        deliverable_id -> UniqueId,
        asked_on -> Integer,
        ended_on -> Nullable<Integer>,
        answered_by -> Nullable<Text>,
    }

    users: users (id) {
        id -> UniqueId,
        email -> Text,
        name -> Text,
        role -> Text,
        status -> Text,
        intermediary -> JsonText,
        areas -> JsonText,
        organization_id -> Nullable<UniqueId>,
        worker_id -> Nullable<UniqueId>,
        password_hash -> Nullable<Text>,
        last_login_at -> Nullable<MicrosecondTime>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }

    users: invitations (digest) {
        digest -> Text,
        user_id -> Nullable<UniqueId>,
        created_at -> MicrosecondTime,
        expires_at -> MicrosecondTime,
        invited_by -> Text,
    }

    sessions: sessions (id) {
        id -> UniqueId,
        user_id -> UniqueId,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> MicrosecondTime,
        last_used_at -> MicrosecondTime,
        expires_at -> MicrosecondTime,
        ended_at -> Nullable<MicrosecondTime>,
    }

    sessions: refresh_tokens (digest) {
        digest -> Text,
        session_id -> UniqueId,
        created_at -> MicrosecondTime,
        used_at -> Nullable<MicrosecondTime>,
    }

    partners: partners (id) {
        id -> UniqueId,
        code -> Text,
        status -> Text,
        details -> JsonText,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }

    partners: partner_secrets (id) {
        id -> UniqueId,
        partner_id -> UniqueId,
        digest -> Text,
        created_at -> MicrosecondTime,
        last_used_at -> Nullable<MicrosecondTime>,
    }

    auth: partner_usage (partner_id) {
        partner_id -> UniqueId,
        minute -> BigInt,
        in_minute -> Integer,
        day -> BigInt,
        in_day -> Integer,
    }

    auth: installation_keys (name) {
        name -> Text,
        secret -> Text,
        created_at -> MicrosecondTime,
    }

    deliverables: deliverables_shared_with_partners (deliverable_id) {
        deliverable_id -> UniqueId,
    }

    deliverables: released_deliverables (deliverable_id) {
        deliverable_id -> UniqueId,
    }

    audit: audit (seq) {
        seq -> BigInt,
        occurred_at -> MicrosecondTime,
        actor -> Text,
        action -> Text,
        entry -> Text,
        hash -> Text,
    }

    audit: audit_subjects (subject_id, seq) {
        subject_id -> UniqueId,
        seq -> BigInt,
    }

    workers: consents (id) {
        id -> UniqueId,
        worker_id -> UniqueId,
        consent -> JsonText,
        recorded_by -> Text,
        recorded_at -> MicrosecondTime,
        withdrawn_by -> Nullable<Text>,
        withdrawn_at -> Nullable<MicrosecondTime>,
    }

    duplicates: worker_keys (key, worker_id) {
        key -> BigInt,
        worker_id -> UniqueId,
    }

    duplicates: organization_keys (key, organization_id) {
        key -> BigInt,
        organization_id -> UniqueId,
    }

    changes: followers (name) {
        name -> Text,
        position -> BigInt,
    }

    imports: import_jobs (id) {
        id -> UniqueId,
        kind -> Text,
        status -> Text,
        created_by -> Text,
        options -> JsonText,
        sha256 -> Text,
        size_bytes -> BigInt,
        detected -> Nullable<JsonText>,
        progress -> JsonText,
        error -> Nullable<JsonText>,
        lease -> Nullable<UniqueId>,
        lease_until -> Nullable<MicrosecondTime>,
        cancelling -> Bool,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        finished_at -> Nullable<MicrosecondTime>,
    }

    imports: import_chunks (job_id, position) {
        job_id -> UniqueId,
        position -> BigInt,
        bytes -> Binary,
    }

    imports: import_findings (job_id, position) {
        job_id -> UniqueId,
        position -> BigInt,
        line -> BigInt,
        heading -> Nullable<Text>,
        value -> Text,
        severity -> Text,
        code -> Text,
        message -> JsonText,
        suggestion -> Nullable<Text>,
        sheet -> Nullable<Text>,
    }

    imports: import_writes (job_id, record_id) {
        job_id -> UniqueId,
        record_id -> UniqueId,
        action -> Text,
        version -> BigInt,
        before -> Nullable<JsonText>,
        version_before -> Nullable<BigInt>,
    }

    imports: import_seen (job_id, record_id) {
        job_id -> UniqueId,
        record_id -> UniqueId,
        line -> Nullable<BigInt>,
    }

    imports: imported_records (record_id) {
        record_id -> UniqueId,
        digest -> BigInt,
        version -> BigInt,
    }

    imports: erased_people (key, person) {
        key -> BigInt,
        person -> UniqueId,
        erased_at -> MicrosecondTime,
        is_searched -> Bool,
    }

    imports: import_people (job_id, position) {
        job_id -> UniqueId,
        position -> BigInt,
        keys -> Binary,
    }

    imports: import_mappings (source, kind, owner) {
        source -> Text,
        kind -> Text,
        mapping -> JsonText,
        version -> BigInt,
        updated_by -> Text,
        updated_at -> MicrosecondTime,
        owner -> Text,
    }

    duplicates: duplicates (id) {
        id -> UniqueId,
        kind -> Text,
        one_id -> UniqueId,
        other_id -> UniqueId,
        reasons -> JsonText,
        score_ppm -> Integer,
        status -> Text,
        primary_id -> Nullable<UniqueId>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }

    duplicates: duplicate_rules (area) {
        area -> Text,
        workers_ppm -> Nullable<Integer>,
        organizations_ppm -> Nullable<Integer>,
        version -> BigInt,
        updated_by -> Text,
        updated_at -> MicrosecondTime,
    }

    intake: intakes (deliverable_id) {
        deliverable_id -> UniqueId,
        record -> JsonText,
        version -> BigInt,
        updated_at -> MicrosecondTime,
    }

    intake: intake_decisions (id) {
        id -> UniqueId,
        deliverable_id -> UniqueId,
        status -> Text,
        reason -> Nullable<Text>,
        message -> Nullable<Text>,
        decided_by -> Text,
        decided_at -> MicrosecondTime,
    }

    reviews: project_reviews (id) {
        id -> UniqueId,
        deliverable_id -> UniqueId,
        application_id -> UniqueId,
        author -> Text,
        communication -> Integer,
        quality -> Integer,
        reliability -> Integer,
        again -> Integer,
        message -> Nullable<Text>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        to_count -> Bool,
    }

    follow_ups: follow_ups (id) {
        id -> UniqueId,
        deliverable_id -> UniqueId,
        months -> Integer,
        asked_on -> Integer,
        still_in_use -> Nullable<Bool>,
        reach -> Nullable<Integer>,
        would_do_again -> Nullable<Bool>,
        changes -> Nullable<Text>,
        answered_by -> Nullable<Text>,
        answered_at -> Nullable<MicrosecondTime>,
        link_digest -> Nullable<Text>,
        link_expires_at -> Nullable<MicrosecondTime>,
        version -> BigInt,
        created_at -> MicrosecondTime,
    }

    projects: projects (id) {
        id -> UniqueId,
        kind -> Text,
        status -> Text,
        status_since -> MicrosecondTime,
        organization_id -> UniqueId,
        area -> Text,
        fiscal_year -> Integer,
        record -> JsonText,
        progress -> Integer,
        vacant_since -> Nullable<MicrosecondTime>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        source -> Nullable<Text>,
        external_id -> Nullable<Text>,
        delivered_day -> Nullable<Integer>,
    }

    projects: project_members (application_id) {
        application_id -> UniqueId,
        project_id -> UniqueId,
        worker_id -> Nullable<UniqueId>,
        role -> Text,
        joined_at -> MicrosecondTime,
        left_at -> Nullable<MicrosecondTime>,
        reason -> Nullable<Text>,
    }

    projects: project_entries (id) {
        id -> UniqueId,
        project_id -> UniqueId,
        kind -> Text,
        day -> Integer,
        waits -> Bool,
        visibility -> Text,
        worker_id -> Nullable<UniqueId>,
        minutes -> Nullable<Integer>,
        document -> JsonText,
        created_by -> Text,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        returned -> Bool,
        is_draft -> Bool,
        file_bytes -> Nullable<Integer>,
    }

    projects: project_files (entry_id, position) {
        entry_id -> UniqueId,
        position -> BigInt,
        bytes -> Binary,
    }

    projects: project_events (id) {
        id -> UniqueId,
        project_id -> UniqueId,
        subject -> Text,
        subject_id -> UniqueId,
        action -> Text,
        detail -> Nullable<Text>,
        visibility -> Text,
        actor -> Text,
        occurred_at -> MicrosecondTime,
    }

    programmes: programmes (id) {
        id -> UniqueId,
        kind -> Text,
        fiscal_year -> Integer,
        record -> JsonText,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        demo -> Bool,
    }

    programmes: programme_areas (programme_id, area) {
        programme_id -> UniqueId,
        area -> Text,
    }

    programmes: programme_steps (id) {
        id -> UniqueId,
        programme_id -> UniqueId,
        kind -> Text,
        day -> Integer,
        title -> Nullable<Text>,
        waits -> Bool,
        created_at -> MicrosecondTime,
    }

    programmes: programme_records (record_id) {
        record_id -> UniqueId,
        programme_id -> UniqueId,
        kind -> Text,
        added_at -> MicrosecondTime,
    }

    events: events (id) {
        id -> UniqueId,
        kind -> Text,
        status -> Text,
        is_public -> Bool,
        fiscal_year -> Integer,
        first_day -> Integer,
        ends_at -> MicrosecondTime,
        programme_id -> Nullable<UniqueId>,
        series -> Nullable<Text>,
        tags -> Text,
        grams -> Text,
        record -> JsonText,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        demo -> Bool,
    }

    events: event_areas (event_id, area) {
        event_id -> UniqueId,
        area -> Text,
    }

    events: event_days (event_id, first_day, last_day) {
        event_id -> UniqueId,
        first_day -> Integer,
        last_day -> Integer,
    }

    events: event_hosts (event_id, organization_id) {
        event_id -> UniqueId,
        organization_id -> UniqueId,
    }

    events: event_follows (event_id, followed_id) {
        event_id -> UniqueId,
        followed_id -> UniqueId,
    }

    events: event_registrations (id) {
        id -> UniqueId,
        event_id -> UniqueId,
        status -> Text,
        worker_id -> Nullable<UniqueId>,
        organization_id -> Nullable<UniqueId>,
        partner_id -> Nullable<UniqueId>,
        person_key -> Nullable<Text>,
        places -> Integer,
        wants_consultation -> Bool,
        personal -> JsonText,
        is_personal -> Bool,
        secret_digest -> Nullable<Text>,
        answered -> Bool,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }
    + "event_registrations" as marked_registrations (id) {
        digested -> Bool,
        by_host -> Bool,
        office_area -> Nullable<Text>,
    }

    events: event_guests (registration_id) {
        registration_id -> UniqueId,
        event_id -> UniqueId,
        site -> Text,
    }

    events: event_registrants (registration_id, key) {
        registration_id -> UniqueId,
        event_id -> UniqueId,
        key -> BigInt,
    }

    events: event_departures (person, sign, key) {
        person -> UniqueId,
        sign -> Text,
        key -> BigInt,
        event_id -> UniqueId,
        left_at -> MicrosecondTime,
    }

    events: event_answers (id) {
        id -> UniqueId,
        event_id -> UniqueId,
        answers -> JsonText,
        created_at -> MicrosecondTime,
    }

    press: press_items (id) {
        id -> UniqueId,
        kind -> Text,
        status -> Text,
        is_released -> Bool,
        listed_at -> MicrosecondTime,
        month -> Integer,
        fiscal_year -> Integer,
        area -> Nullable<Text>,
        organization_id -> Nullable<UniqueId>,
        project_id -> Nullable<UniqueId>,
        deliverable_type -> Nullable<Text>,
        number -> Nullable<Integer>,
        grams -> Text,
        record -> JsonText,
        version -> BigInt,
        updated_at -> MicrosecondTime,
    }
    + "press_items" as press_origins (id) {
        demo -> Bool,
    }

    press: publication_feedback (id) {
        id -> UniqueId,
        publication_id -> UniqueId,
        scale -> Integer,
        role -> Text,
        words -> Nullable<Text>,
        created_at -> MicrosecondTime,
    }

    press: page_views (kind, record_id, month) {
        kind -> Text,
        record_id -> UniqueId,
        month -> Integer,
        views -> BigInt,
    }

    sessions: devices (digest) {
        digest -> Text,
        user_id -> UniqueId,
        last_used_at -> MicrosecondTime,
    }

    feeds: feeds (id) {
        id -> UniqueId,
        user_id -> UniqueId,
        digest -> Text,
        created_at -> MicrosecondTime,
    }

    webhooks: webhooks (id) {
        id -> UniqueId,
        partner_id -> Nullable<UniqueId>,
        user_id -> Nullable<UniqueId>,
        enabled -> Bool,
        details -> JsonText,
        position -> BigInt,
        mark -> BigInt,
        failures -> Integer,
        failing_since -> Nullable<MicrosecondTime>,
        off_at -> Nullable<MicrosecondTime>,
        off_reason -> Nullable<Text>,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
    }

    webhooks: webhook_secrets (id) {
        id -> UniqueId,
        webhook_id -> UniqueId,
        secret -> Text,
        created_at -> MicrosecondTime,
        expires_at -> Nullable<MicrosecondTime>,
    }

    webhooks: webhook_deliveries (id) {
        id -> UniqueId,
        webhook_id -> UniqueId,
        event -> Text,
        seq -> Nullable<BigInt>,
        payload -> Text,
        status -> Text,
        attempts -> Integer,
        due_at -> Nullable<MicrosecondTime>,
        lease -> Nullable<UniqueId>,
        first_attempt_at -> Nullable<MicrosecondTime>,
        last_attempt_at -> Nullable<MicrosecondTime>,
        outcome -> Nullable<JsonText>,
        created_at -> MicrosecondTime,
    }

    indicators: indicator_sources (code) {
        code -> Text,
        title -> Text,
        credit -> Text,
        url -> Nullable<Text>,
        published_on -> Nullable<Integer>,
        figures -> BigInt,
        rows_left_out -> BigInt,
        digest -> Text,
        version -> BigInt,
        updated_at -> MicrosecondTime,
    }

    indicators: indicators (key) {
        key -> Text,
        source -> Text,
        area -> Text,
        indicator -> Text,
        year -> Integer,
        kind -> Text,
        value -> BigInt,
        dated_on -> Nullable<Integer>,
        basis -> Nullable<Text>,
    }

    sessions: throttles (key) {
        key -> Text,
        failures -> Integer,
        last_at -> MicrosecondTime,
    }

    rounds: rounds (id) {
        id -> UniqueId,
        status -> Text,
        objective -> Text,
        title -> Nullable<Text>,
        places -> Integer,
        filled -> Integer,
        fit_ppm -> BigInt,
        at_change -> BigInt,
        request -> JsonText,
        outcome -> JsonText,
        created_by -> Text,
        version -> BigInt,
        created_at -> MicrosecondTime,
        updated_at -> MicrosecondTime,
        published_at -> Nullable<MicrosecondTime>,
    }

    rounds: round_deliverables (round_id, position) {
        round_id -> UniqueId,
        position -> Integer,
        deliverable_id -> UniqueId,
    }

    rounds: round_people (round_id, kind, position) {
        round_id -> UniqueId,
        kind -> Text,
        position -> Integer,
        slot -> Nullable<Integer>,
        deliverable_id -> Nullable<UniqueId>,
        role -> Nullable<Text>,
        worker_id -> Nullable<UniqueId>,
        other_worker_id -> Nullable<UniqueId>,
        fit_ppm -> BigInt,
        application_id -> Nullable<UniqueId>,
    }
}

// Statistics count applications by what they are for.
diesel::allow_columns_to_appear_in_same_group_by_clause!(
    applications::month,
    applications::status,
    applications::role,
    deliverables::format,
    deliverables::area,
    deliverables::family,
    deliverables::deliverable_type,
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(press_items::month, press_items::kind);

diesel::allow_columns_to_appear_in_same_group_by_clause!(page_views::month, page_views::kind);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    publication_feedback::publication_id,
    publication_feedback::role,
    publication_feedback::scale,
);

diesel::allow_columns_to_appear_in_same_group_by_clause!(
    event_registrations::event_id,
    event_registrations::status,
);

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    organization_names,
    deliverables,
    deliverable_organizations,
    deliverable_roles,
    deliverable_skills,
    workers,
    worker_roles,
    worker_records,
    worker_separations,
    worker_skills,
    exposures,
    applications,
    application_responses,
    project_reviews,
    follow_ups,
    users,
    sessions,
    refresh_tokens,
    invitations,
    partners,
    partner_secrets,
    deliverables_shared_with_partners,
    released_deliverables,
    audit,
    audit_subjects,
    duplicates,
    worker_keys,
    organization_keys,
    import_jobs,
    import_chunks,
    import_findings,
    import_people,
    import_seen,
    import_writes,
    imported_records,
    projects,
    project_members,
    project_entries,
    project_events,
    project_files,
    events,
    event_areas,
    event_days,
    event_hosts,
    event_follows,
    event_registrations,
    marked_registrations,
    event_guests,
    event_registrants,
    event_answers,
    press_items,
    press_origins,
    publication_feedback,
    page_views,
    programmes,
    programme_areas,
    programme_steps,
    programme_records,
    rounds,
    round_deliverables,
    round_people,
);
