//! Open data: what anyone may have, as files that municipal catalogues link to.
//!
//! Three datasets: the organizations that agreed (`open_data`), what was asked for by them and is public by its state,
//! and counts of everything. CSV by the conventions of 自治体標準オープンデータセット (デジタル庁): UTF-8, one header,
//! 全国地方公共団体コード, ID and 地方公共団体名 first, days as YYYY-MM-DD. JSON-LD speaks schema.org.
//!
//! A dataset is a file that is made anew when something has changed, at most once a minute; requests only read it.
//!
//! Deliberately absent: anything about workers, contacts, and troubles in words.

pub mod http;
pub mod make;
pub mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// Those that agreed.
    Organizations,
    /// What they ask for, open and later.
    Deliverables,
    /// Counts of all deliverables by year, municipality, type, format and state.
    Statistics,
}

impl Dataset {
    pub const ALL: [Dataset; 3] = [Dataset::Organizations, Dataset::Deliverables, Dataset::Statistics];

    pub fn code(self) -> &'static str {
        match self {
            Dataset::Organizations => "organizations",
            Dataset::Deliverables => "deliverables",
            Dataset::Statistics => "statistics",
        }
    }

    pub fn of_code(code: &str) -> Option<Dataset> {
        Dataset::ALL.into_iter().find(|dataset| dataset.code() == code)
    }

    fn title(self) -> &'static str {
        match self {
            Dataset::Organizations => "支援を受ける団体一覧",
            Dataset::Deliverables => "支援内容一覧",
            Dataset::Statistics => "支援件数",
        }
    }

    fn header(self) -> &'static [&'static str] {
        match self {
            Dataset::Organizations => &[
                "全国地方公共団体コード",
                "ID",
                "地方公共団体名",
                "名称",
                "名称_カナ",
                "種別",
                "法人番号",
                "活動分野",
                "活動内容",
            ],
            Dataset::Deliverables => &[
                "全国地方公共団体コード",
                "ID",
                "地方公共団体名",
                "名称",
                "団体ID",
                "団体名",
                "支援内容",
                "分類",
                "実施形式",
                "年度",
                "開始日",
                "終了日",
                "状態",
            ],
            Dataset::Statistics => &[
                "全国地方公共団体コード",
                "ID",
                "地方公共団体名",
                "年度",
                "支援内容",
                "分類",
                "実施形式",
                "状態",
                "件数",
            ],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenDataFormat {
    #[default]
    Csv,
    Jsonld,
}

impl OpenDataFormat {
    pub const ALL: [OpenDataFormat; 2] = [OpenDataFormat::Csv, OpenDataFormat::Jsonld];

    pub fn code(self) -> &'static str {
        match self {
            OpenDataFormat::Csv => "csv",
            OpenDataFormat::Jsonld => "jsonld",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            OpenDataFormat::Csv => "text/csv; charset=utf-8",
            OpenDataFormat::Jsonld => "application/ld+json",
        }
    }
}
