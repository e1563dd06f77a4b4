//! Open data: public datasets as files that municipal catalogues can link to.
//!
//! There are three: organizations that agreed (`open_data`), the public deliverables of these organizations,
//! and counts of all deliverables. CSV follows 自治体標準オープンデータセット (デジタル庁): UTF-8, one header; 全国地方公共団体コード, ID
//! and 地方公共団体名 first; days as YYYY-MM-DD. JSON-LD uses the vocabulary of schema.org.
//!
//! A dataset is a file, which `dataset` writes and `cache` keeps: it is written again at most once a minute,
//! when something has changed.
//!
//! Deliberately absent: anything about workers, contacts, and the text of troubles.

pub mod cache;
pub mod dataset;
pub mod http;
pub mod store;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Dataset {
    /// Organizations that agreed to be published.
    Organizations,
    /// The deliverables of these organizations, from when they are open.
    Deliverables,
    /// Counts of all deliverables by fiscal year, municipality, type, format and status.
    Statistics,
}

impl Dataset {
    pub fn code(self) -> &'static str {
        self.into()
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

#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OpenDataFormat {
    #[default]
    Csv,
    Jsonld,
}

impl OpenDataFormat {
    pub fn code(self) -> &'static str {
        self.into()
    }

    pub fn media_type(self) -> &'static str {
        match self {
            OpenDataFormat::Csv => "text/csv; charset=utf-8",
            OpenDataFormat::Jsonld => "application/ld+json",
        }
    }
}
