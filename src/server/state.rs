//! What handlers, background tasks and the command line share.

use crate::auth::Keys;
use crate::catalogue::{self, Catalogues};
use crate::changes::store::audiences;
use crate::config::Config;
use crate::db::{self, Db, Id, Pool};
use crate::error::Result;
use crate::exposures::Recorder;
use crate::following::Feed;
use crate::http::cors::Origins;
use crate::matches::MatchIndex;
use crate::press::cards::NewCard;
use crate::press::counter::ViewCounter;
use crate::press::posts::NewPost;
use crate::press::publications::NewPublication;
use crate::users::password::Passwords;
use crate::workbooks::Workbooks;
use crate::{changes, deliverables, events, organizations, press, projects, webhooks, workers};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The state of one server. Cheap to clone.
#[derive(Clone)]
pub struct AppState {
    pub pool: Pool,
    pub feed: Arc<Feed>,
    pub catalogues: Arc<Catalogues>,
    pub index: Arc<MatchIndex>,
    pub recorder: Arc<Recorder>,
    pub views: Arc<ViewCounter>,
    pub keys: Arc<Keys>,
    pub passwords: Arc<Passwords>,
    pub public_url: Option<String>,
    pub origins: Origins,
    pub webhooks: Arc<webhooks::Client>,
    pub workbooks: Arc<Workbooks>,
    /// Set when the server is about to stop; long work then ends early.
    pub stopping: Arc<AtomicBool>,
}

impl AppState {
    /// Opens the database, runs its migrations and seeds the catalogue.
    pub fn open(config: &Config) -> Result<AppState> {
        let url = config.database()?;
        db::migrate(&url, &config.database_options)?;
        let pool = Pool::open(&url, &config.database_options)?;
        pool.write_blocking(catalogue::store::seed)?;
        derive_again(&pool)?;
        let feed = Arc::new(Feed::open(&pool)?);
        let stopping = Arc::<AtomicBool>::default();
        let reader = config.workbook_reader.clone();
        Ok(AppState {
            pool,
            feed,
            catalogues: Arc::new(Catalogues::new(&config.served_areas)?),
            index: Arc::default(),
            recorder: Arc::default(),
            views: Arc::default(),
            keys: Arc::new(Keys::open(config.token_key.as_deref(), &config.data_dir()?)?),
            passwords: Arc::new(Passwords::new()?),
            public_url: config.public_url.clone(),
            origins: Origins::default(),
            webhooks: Arc::new(webhooks::Client::new(&[])),
            workbooks: Arc::new(Workbooks::new(reader, Arc::clone(&stopping))?),
            stopping,
        })
    }
}

/// Writes what is derived from records again, if an earlier release derived it in another way or left it out: what searches
/// compare, and who sees each record.
fn derive_again(pool: &Pool) -> Result<()> {
    const GRAMS: &[Derive] = &[
        organizations::store::refresh_grams,
        workers::store::refresh_grams,
        deliverables::store::refresh_grams,
    ];
    /// Since version 1, signs are found, too, and the days of an event's breakouts; since version 2, words such as C++, legal
    /// forms, and each day of an event; since version 3, each spelling of a ヶ.
    const PUBLISHED: &[Derive] = &[
        events::store::refresh,
        press::store::refresh::<NewCard>,
        press::store::refresh::<NewPost>,
        press::store::refresh::<NewPublication>,
    ];
    derive(pool, ("grams", text::GRAMS_VERSION), GRAMS.iter().copied())?;
    derive(pool, ("published", 3), PUBLISHED.iter().copied())?;
    let kinds = audiences::kinds();
    let fill = kinds.map(|kind| move |db: &mut Db, last| audiences::fill(db, kind, last));
    derive(pool, ("audiences", 1), fill)?;
    // At each start: the last server of an earlier release may end long after the first one of this release has begun.
    pool.write_blocking(projects::store::work::refresh_artifacts)
}

/// Derives something of the records after an id. Returns the last id, or `None` at the end.
type Derive = fn(&mut Db, Option<Id>) -> Result<Option<Id>>;

/// Derives something anew in steps, unless it has this version. That is stored like the position of a follower.
fn derive<D: Fn(&mut Db, Option<Id>) -> Result<Option<Id>>>(
    pool: &Pool,
    (name, version): (&str, i64),
    steps: impl IntoIterator<Item = D>,
) -> Result<()> {
    if pool.read_blocking(|db| changes::store::position(db, name))? == version {
        return Ok(());
    }
    for step in steps {
        let mut last = pool.write_blocking(|db| step(db, None))?;
        while last.is_some() {
            last = pool.write_blocking(|db| step(db, last))?;
        }
    }
    pool.write_blocking(|db| changes::store::advance(db, name, version))
}
