//! Who hears what: live and in replay the same, against a model that resolves each audience when
//! its event is emitted and knows nothing of intervals.

use std::collections::{BTreeMap, BTreeSet};

use antiphon_api::ids::{ChannelId, Pos, UserId, WorkspaceId};
use antiphon_store::{
    Audience, EmitError, Scope, Store, Tx, log, membership, prune, prune::Retention, rusqlite,
};
use antiphon_test_support::Rng;

use crate::support::{NOW, Place, Sql};

const USERS: [i64; 5] = [1, 2, 3, 4, 5];
const SCOPES: [Scope; 4] = [
    Scope::Channel(ChannelId(1)),
    Scope::Channel(ChannelId(2)),
    Scope::Workspace(WorkspaceId(1)),
    Scope::Workspace(WorkspaceId(2)),
];

struct Random(Rng);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Rng::new(seed))
    }

    fn below(&mut self, end: usize) -> usize {
        self.0.below(end)
    }

    fn user(&mut self) -> UserId {
        UserId(*self.0.pick(&USERS))
    }

    fn scope(&mut self) -> Scope {
        *self.0.pick(&SCOPES)
    }

    fn among(&mut self, positions: &[Pos]) -> Pos {
        *self.0.pick(positions)
    }
}

#[derive(Clone, Default)]
struct Model {
    members: BTreeMap<Scope, BTreeSet<UserId>>,
    heard: BTreeMap<Pos, BTreeSet<UserId>>,
}

impl Model {
    fn members(&mut self, scope: Scope) -> &mut BTreeSet<UserId> {
        self.members.entry(scope).or_default()
    }

    fn act(&mut self, tx: &mut Tx<'_>, random: &mut Random) -> Result<(), EmitError> {
        let (scope, user) = (random.scope(), random.user());
        match random.below(10) {
            0..3 => {
                let opened = tx.open_membership(scope, user, "member")?;
                assert_eq!(opened, self.members(scope).insert(user));
            }
            3..5 => {
                let closed = tx.close_membership(scope, user)?;
                assert_eq!(closed, self.members(scope).remove(&user));
            }
            5 if random.below(4) == 0 => {
                let closed = tx.close_scope(scope)?;
                assert_eq!(closed, std::mem::take(self.members(scope)).len());
            }
            _ => self.emit(tx, random)?,
        }
        Ok(())
    }

    fn emit(&mut self, tx: &mut Tx<'_>, random: &mut Random) -> Result<(), EmitError> {
        let users: BTreeSet<_> = (0..random.below(3)).map(|_| random.user()).collect();
        let scopes: BTreeSet<_> = (0..random.below(3)).map(|_| random.scope()).collect();
        let audience = Audience::users(users.clone()).and(Audience::scopes(scopes.clone()));
        let pos = tx.emit(&audience, &"x", NOW)?;
        let mut heard = users;
        for scope in scopes {
            heard.extend(self.members(scope).iter());
        }
        assert!(self.heard.insert(pos, heard).is_none());
        Ok(())
    }
}

/// One closure of a few random acts; one in five fails and must leave nothing.
async fn closure(store: &Store, model: Model, seed: u64) -> Model {
    let before = model.clone();
    let mut random = Random::new(seed);
    let fails = random.below(5) == 0;
    let work = move |tx: &mut Tx<'_>| {
        let mut model = model;
        for _ in 0..=random.below(5) {
            model
                .act(tx, &mut random)
                .map_err(|error| error.to_string())?;
        }
        if fails { Err(String::new()) } else { Ok(model) }
    };
    match store.write(work).await {
        Ok(after) => after,
        Err(antiphon_store::WriteError::Refused(why)) if why.is_empty() => before,
        Err(error) => panic!("seed {seed}: {error}"),
    }
}

async fn prune_some(store: &Store, model: &mut Model, rows: u64) {
    let keep = Retention {
        age: std::time::Duration::from_secs(1),
        rows,
    };
    while store
        .write(move |tx| prune::step(tx, &keep, NOW))
        .await
        .unwrap()
    {}
    let oldest = store.read(log::oldest).await.unwrap();
    model.heard = model.heard.split_off(&oldest);
    assert!(model.heard.len() as u64 <= rows.max(1));
}

async fn agrees(store: &Store, model: &Model, seed: u64) {
    let model = model.clone();
    let check = move |conn: &rusqlite::Connection| {
        for (pos, heard) in &model.heard {
            let live = log::recipients(conn, *pos)?;
            assert!(
                live.iter().eq(heard),
                "seed {seed}, live at {pos}: {live:?} {heard:?}"
            );
        }
        for scope in SCOPES {
            let members = membership::members(conn, scope)?;
            let expected = model.members.get(&scope).cloned().unwrap_or_default();
            assert!(members.iter().eq(&expected), "seed {seed}, members");
        }
        let mut random = Random::new(seed);
        let positions: Vec<_> = std::iter::once(Pos(log::oldest(conn)?.get() - 1))
            .chain(model.heard.keys().copied())
            .collect();
        for user in USERS.map(UserId) {
            replays_agree(conn, &model, user, (positions[0], log::head(conn)?))?;
            for _ in 0..10 {
                let range = (random.among(&positions), random.among(&positions));
                replays_agree(conn, &model, user, range)?;
            }
        }
        Sql::Ok(())
    };
    store.read(check).await.unwrap();
}

fn replays_agree(
    conn: &rusqlite::Connection,
    model: &Model,
    user: UserId,
    (after, through): (Pos, Pos),
) -> Sql<()> {
    let expected: Vec<_> = model
        .heard
        .iter()
        .filter(|(pos, heard)| **pos > after && **pos <= through && heard.contains(&user))
        .map(|(pos, _)| *pos)
        .collect();
    let replayed = log::replay(conn, user, after, through, 10_000, 1 << 20)?;
    let positions: Vec<_> = replayed.events.iter().map(|row| row.pos).collect();
    assert_eq!(positions, expected, "user {user} in ({after}, {through}]");
    let count = log::count_for(conn, user, after, through, 10_000)?;
    assert_eq!(count, expected.len());
    Ok(())
}

async fn one_history(seed: u64) {
    let place = Place::new();
    let mut store = place.open();
    let mut random = Random::new(seed);
    let mut model = Model::default();
    for round in 0..6 {
        for _ in 0..20 {
            model = closure(&store, model, random.0.next()).await;
        }
        agrees(&store, &model, seed).await;
        if random.below(2) == 0 {
            prune_some(&store, &mut model, 1 + random.0.next() % 60).await;
            agrees(&store, &model, seed).await;
        }
        if round % 2 == 1 {
            store.close().await;
            store = place.open();
            agrees(&store, &model, seed).await;
        }
    }
}

#[tokio::test]
async fn live_and_replay_agree_with_the_model_whatever_happened() {
    for seed in 0..8 {
        one_history(seed).await;
    }
}

#[tokio::test]
async fn somebody_who_joins_and_leaves_between_two_events_hears_neither() {
    let place = Place::new();
    let store = place.open();
    let scope = SCOPES[0];
    let heard = store.write(move |tx| {
        tx.open_membership(scope, UserId(1), "member")?;
        assert!(tx.close_membership(scope, UserId(1))?);
        assert!(!tx.close_membership(scope, UserId(1))?);
        let pos = tx.emit(&Audience::channel(ChannelId(1)), &"x", NOW)?;
        Ok::<_, EmitError>(log::recipients(tx, pos)?)
    });
    assert_eq!(heard.await.unwrap(), []);
}

#[tokio::test]
async fn a_role_is_what_it_was_set_to_last_and_only_a_member_has_one() {
    let place = Place::new();
    let store = place.open();
    let (scope, ann, bob) = (SCOPES[2], UserId(1), UserId(2));
    let roles = store.write(move |tx| {
        tx.open_membership(scope, ann, "member")?;
        assert!(!tx.open_membership(scope, ann, "owner")?);
        assert!(tx.set_role(scope, ann, "admin")?);
        assert!(!tx.set_role(scope, bob, "admin")?);
        assert_eq!(membership::workspaces_of(tx, ann)?, [WorkspaceId(2 - 1)]);
        assert_eq!(membership::channels_of(tx, ann)?, []);
        assert_eq!(membership::role_of(tx, scope, bob)?, None);
        membership::roles(tx, scope)
    });
    assert_eq!(roles.await.unwrap(), [(ann, "admin".to_owned())]);
}
