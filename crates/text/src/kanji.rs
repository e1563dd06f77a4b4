//! Old and variant forms of kanji, as they occur in names, and the forms used today.
//!
//! The old forms are those that 常用漢字表 (内閣告示第2号, 2010) lists with their current forms; the variants are ones
//! that family
//! registers keep in names (髙, 﨑, 邉). NFKC leaves all of these alone.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Pairs: the old form, then today's.
const FORMS: &str = "\
亞亜惡悪壓圧圍囲醫医爲為壹壱隱隠榮栄營営衞衛驛駅圓円緣縁艷艶鹽塩奧奥應応橫横歐欧毆殴黃黄溫温穩穏假仮價価畫画會会壞壊懷懐繪絵擴拡殼殻覺覚學学嶽岳樂楽勸勧卷巻寬寛歡歓罐缶觀観關関陷陥顏顔歸帰氣気龜亀僞偽戲戯犧犠舊旧據拠擧挙\
虛虚峽峡挾挟敎教鄕郷狹狭堯尭曉暁區区驅駆勳勲薰薫徑径惠恵揭掲溪渓經経繼継莖茎螢蛍輕軽鷄鶏藝芸擊撃缺欠儉倹劍剣圈圏檢検權権獻献硏研縣県險険顯顕驗験嚴厳廣広效効恆恒鑛鉱號号國国黑黒濟済碎砕齋斎劑剤櫻桜册冊雜雑產産參参慘惨棧桟\
蠶蚕贊賛殘残絲糸齒歯兒児辭辞濕湿實実舍舎寫写釋釈壽寿收収從従澁渋獸獣縱縦肅粛處処緖緒敍叙尙尚奬奨將将燒焼稱称證証乘乗剩剰壤壌孃嬢條条淨浄疊畳穰穣讓譲釀醸囑嘱觸触寢寝愼慎晉晋眞真盡尽圖図粹粋醉酔隨随髓髄數数樞枢瀨瀬聲声靜静\
齊斉攝摂竊窃專専戰戦淺浅潛潜纖繊踐践錢銭禪禅雙双壯壮搜捜插挿爭争總総聰聡莊荘裝装騷騒增増藏蔵臟臓屬属續続墮堕體体對対帶帯滯滞臺台瀧滝擇択澤沢單単擔担膽胆團団彈弾斷断癡痴遲遅晝昼蟲虫鑄鋳廳庁聽聴敕勅鎭鎮遞逓鐵鉄轉転點点傳伝\
黨党盜盗燈灯當当鬭闘德徳獨独讀読屆届繩縄貳弐惱悩腦脳霸覇廢廃拜拝賣売麥麦發発髮髪拔抜蠻蛮祕秘濱浜甁瓶拂払佛仏竝並變変邊辺邉辺辨弁瓣弁辯弁舖舗步歩穗穂寶宝萠萌襃褒豐豊沒没飜翻槇槙萬万滿満默黙彌弥藥薬譯訳豫予餘余與与譽誉搖揺\
樣様謠謡來来賴頼亂乱覽覧龍竜兩両獵猟綠緑壘塁淚涙禮礼隸隷靈霊齡齢戀恋爐炉勞労樓楼郞郎祿禄錄録亙亘灣湾瑤瑶遙遥曆暦歷歴鍊錬髙高﨑崎嵜崎碕崎濵浜冨富嶋島嶌島栁柳桒桑𠮷吉槗橋斈学峯峰舘館埜野桧檜吳呉鄉郷淸清靑青內内戶戸每毎飮飲\
鷗鴎姬姫嚙噛繫繋蠟蝋瘦痩麵麺頰頬敘叙巖巌";

static TODAYS: LazyLock<HashMap<char, char>> = LazyLock::new(|| {
    let (old, new) = (FORMS.chars().step_by(2), FORMS.chars().skip(1).step_by(2));
    old.zip(new).collect()
});

/// Returns the form of the kanji that is used today; other characters stay as they are.
pub fn todays_form(c: char) -> char {
    TODAYS.get(&c).copied().unwrap_or(c)
}

/// Returns whether the character only selects a variant of the kanji before it (葛󠄀).
pub fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_todays_forms() {
        let read = |name: &str| name.chars().map(todays_form).collect::<String>();
        assert_eq!(read("髙橋 眞澄"), "高橋 真澄");
        assert_eq!(read("渡邉"), read("渡邊"));
        assert_eq!(read("齋藤 櫻子 濵﨑 龍"), "斎藤 桜子 浜崎 竜");
        assert_eq!(read("國分寺市商店會"), "国分寺市商店会");
    }

    #[test]
    fn todays_forms_are_no_old_ones() {
        assert_eq!(FORMS.chars().count() % 2, 0);
        for new in TODAYS.values() {
            assert_eq!(todays_form(*new), *new, "{new}");
        }
    }
}
