//! What handlers, background tasks and the command line share.

use crate::auth::Keys;
use crate::catalogue::{self, Catalogues};
use crate::changes::store::audiences;
use crate::config::Config;
use crate::db::{self, Pool};
use crate::error::Result;
use crate::exposures::Recorder;
use crate::following::Feed;
use crate::http::cors::Origins;
use crate::matches::MatchIndex;
use crate::press::counter::ViewCounter;
use crate::users::password::Passwords;
use crate::workbooks::Workbooks;
use crate::{changes, deliverables, organizations, webhooks, workers};
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
        refresh_grams(&pool)?;
        fill_audiences(&pool)?;
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

/// Makes the grams that searches compare again, if an earlier release made them in another way. Their version is stored
/// like the position of a follower.
fn refresh_grams(pool: &Pool) -> Result<()> {
    const FOLLOWER: &str = "grams";
    if pool.read_blocking(|db| changes::store::position(db, FOLLOWER))? == text::GRAMS_VERSION {
        return Ok(());
    }
    for refresh in [
        organizations::store::refresh_grams,
        workers::store::refresh_grams,
        deliverables::store::refresh_grams,
    ] {
        let mut last = pool.write_blocking(|db| refresh(db, None))?;
        while last.is_some() {
            last = pool.write_blocking(|db| refresh(db, last))?;
        }
    }
    pool.write_blocking(|db| changes::store::advance(db, FOLLOWER, text::GRAMS_VERSION))
}

/// Writes who sees each record, if an earlier release left that out.
fn fill_audiences(pool: &Pool) -> Result<()> {
    const NAME: &str = "audiences";
    const VERSION: i64 = 1;
    if pool.read_blocking(|db| changes::store::position(db, NAME))? == VERSION {
        return Ok(());
    }
    for kind in audiences::kinds() {
        let mut last = pool.write_blocking(|db| audiences::fill(db, kind, None))?;
        while last.is_some() {
            last = pool.write_blocking(|db| audiences::fill(db, kind, last))?;
        }
    }
    pool.write_blocking(|db| changes::store::advance(db, NAME, VERSION))
}
