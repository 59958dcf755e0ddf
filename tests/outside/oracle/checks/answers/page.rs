//! Lists, and the pages they are given out in.

use serde_json::Value;

/// How many entries a page has unless the params say so.
const USUAL: usize = 50;

/// A whole list.
pub(super) struct List<'a> {
    field: &'static str,
    items: Vec<Value>,
    order: Order,
    /// Where in an item its id stands, and the param that names the id a page begins behind.
    key: &'static str,
    cursor: &'static str,
    /// What of an item in an answer is held against one here.
    part: Box<dyn Fn(&Value) -> Value + 'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// By id, from the lowest on.
    Rising,
    /// By id; without `since_id` a page is the highest below the cursor.
    FromTheEnd,
    /// The newest first.
    Falling,
}

impl<'a> List<'a> {
    pub(super) fn rising(field: &'static str, key: &'static str, items: Vec<Value>) -> Self {
        Self {
            field,
            items,
            order: Order::Rising,
            key,
            cursor: "since_id",
            part: Box::new(Value::clone),
        }
    }

    pub(super) fn from_the_end(field: &'static str, key: &'static str, items: Vec<Value>) -> Self {
        Self {
            order: Order::FromTheEnd,
            cursor: "before_id",
            ..Self::rising(field, key, items)
        }
    }

    pub(super) fn falling(field: &'static str, key: &'static str, items: Vec<Value>) -> Self {
        Self {
            order: Order::Falling,
            cursor: "before_id",
            ..Self::rising(field, key, items)
        }
    }

    pub(super) fn behind(mut self, cursor: &'static str) -> Self {
        self.cursor = cursor;
        self
    }

    pub(super) fn only(mut self, part: impl Fn(&Value) -> Value + 'a) -> Self {
        self.part = Box::new(part);
        self
    }

    /// The page of this list that the params ask for. Returns what asks for the next one.
    pub(super) fn check(
        &self,
        result: &Value,
        params: &Value,
        told: &dyn Fn() -> String,
    ) -> Option<(&'static str, Value)> {
        let limit = match result.get("has_more") {
            None => usize::MAX,
            Some(_) => limit_of(params),
        };
        let since = params["since_id"].as_i64();
        let (page, has_more) = self.page(since, params[self.cursor].as_i64(), limit);
        let items = result[self.field].as_array();
        let items = items.into_iter().flatten().map(&self.part);
        assert_eq!(items.collect::<Vec<_>>(), page, "{}", told());
        let says_more = result["has_more"] == true;
        assert_eq!(says_more, has_more, "has_more of {}", told());
        let last = match self.order {
            Order::FromTheEnd if since.is_none() => page.first(),
            Order::Rising | Order::FromTheEnd | Order::Falling => page.last(),
        };
        let next = last.filter(|_| has_more).map(|item| self.key_of(item));
        if let Some(said) = result.get("next_before_id") {
            assert_eq!(said.as_i64(), next, "next_before_id of {}", told());
        }
        let name = since.map_or(self.cursor, |_| "since_id");
        next.map(|id| (name, id.into()))
    }

    fn page(&self, since: Option<i64>, cursor: Option<i64>, limit: usize) -> (Vec<Value>, bool) {
        let is_below = |item: &&Value| cursor.is_none_or(|end| self.key_of(item) < end);
        let start = match self.order {
            Order::Rising => cursor,
            Order::FromTheEnd => since,
            Order::Falling => None,
        };
        let is_above = |item: &&Value| start.is_none_or(|start| self.key_of(item) > start);
        let all: Vec<&Value> = match self.order {
            Order::Rising => self.items.iter().filter(is_above).collect(),
            Order::FromTheEnd => self
                .items
                .iter()
                .filter(is_above)
                .filter(is_below)
                .collect(),
            Order::Falling => self.behind_one(cursor, is_below),
        };
        let has_more = all.len() > limit;
        let skipped = match self.order {
            Order::FromTheEnd if since.is_none() => all.len().saturating_sub(limit),
            Order::Rising | Order::FromTheEnd | Order::Falling => 0,
        };
        let page = all.into_iter().skip(skipped).take(limit).cloned();
        (page.collect(), has_more)
    }

    /// What comes behind the item at the cursor, or where it would be.
    fn behind_one(&self, cursor: Option<i64>, is_below: impl Fn(&&Value) -> bool) -> Vec<&Value> {
        let is_it = |item: &Value| Some(self.key_of(item)) == cursor;
        match self.items.iter().position(is_it) {
            Some(place) => self.items[place + 1..].iter().collect(),
            None => self.items.iter().filter(is_below).collect(),
        }
    }

    fn key_of(&self, item: &Value) -> i64 {
        item[self.key].as_i64().expect("an item has an id")
    }
}

fn limit_of(params: &Value) -> usize {
    let limit = params["limit"].as_u64();
    limit.map_or(USUAL, |limit| usize::try_from(limit).expect("is small"))
}
