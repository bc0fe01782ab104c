//! Nodes that look now and then, decide by what they saw, and write where it still holds; verifiers that
//! keep a JWKS for as long as they may. Whatever the order, no good token meets a verifier without its key.

use std::time::Duration;

use proptest::prelude::*;
use symbolon_token::{Algorithm, Timestamp};

use super::*;

const BEGINNING: Timestamp = Timestamp::from_secs(1_800_000_000);
/// How often each node looks.
const LOOK: Duration = Duration::from_secs(30);
const NODES: usize = 3;
const CHOICES: [&[Algorithm]; 4] = [
    &[Algorithm::ES256],
    &[Algorithm::ES256, Algorithm::RS256],
    &[Algorithm::EdDSA, Algorithm::ES256],
    &[Algorithm::RS256],
];

#[derive(Clone, Debug)]
enum Event {
    /// A node looks, and decides by what it saw.
    Look(usize),
    /// A node decides again by what it saw before.
    DecideLate(usize),
    /// Somebody asks a node for another key.
    Rotate(usize),
    /// A node is started with other algorithms.
    Reconfigure(usize, usize),
    /// Time passes, in which every node looks as often as it must.
    Pass(Duration),
}

fn event() -> impl Strategy<Value = Event> {
    let node = 0..NODES;
    prop_oneof![
        4 => node.clone().prop_map(Event::Look),
        4 => node.clone().prop_map(Event::DecideLate),
        1 => node.clone().prop_map(Event::Rotate),
        1 => (node, 0..CHOICES.len()).prop_map(|(node, choice)| Event::Reconfigure(node, choice)),
        4 => (1..7200_u64).prop_map(|secs| Event::Pass(Duration::from_secs(secs))),
    ]
}

struct Node {
    seen: Vec<KeyFacts>,
    turnover: Turnover,
}

struct World {
    rows: Vec<KeyFacts>,
    nodes: Vec<Node>,
    now: Timestamp,
    named: u32,
    /// What was signed lately: by which key, and until when a token of it may count.
    live: Vec<(String, Timestamp)>,
    /// Every kid of the first look, which may sign at once.
    first: Vec<String>,
}

impl World {
    fn new() -> Self {
        let turnover = Turnover {
            algorithms: CHOICES[0].to_vec(),
            rotate_every: Duration::from_hours(3),
            announce: ANNOUNCE_MIN,
        };
        let nodes = (0..NODES).map(|_| Node {
            seen: Vec::new(),
            turnover: turnover.clone(),
        });
        let mut world = Self {
            rows: Vec::new(),
            nodes: nodes.collect(),
            now: BEGINNING,
            named: 0,
            live: Vec::new(),
            first: Vec::new(),
        };
        world.look(0);
        world.first = world.rows.iter().map(|key| key.kid.clone()).collect();
        for node in 1..NODES {
            world.look(node);
        }
        world
    }

    /// As an engine does it: until nothing is left to do.
    fn look(&mut self, node: usize) {
        for _ in 0..8 {
            self.nodes[node].seen = self.rows.clone();
            if !self.write(node) {
                return;
            }
        }
        panic!("a node goes on writing: {:?}", self.rows);
    }

    fn write(&mut self, node: usize) -> bool {
        let Node { seen, turnover } = &self.nodes[node];
        let steps = decide(seen, turnover, self.now);
        for step in &steps {
            self.apply(step);
        }
        !steps.is_empty()
    }

    /// What the statements of the store do, with their conditions.
    fn apply(&mut self, step: &Step) {
        match step {
            Step::Make(new) => {
                let taken =
                    |key: &KeyFacts| (key.algorithm, key.number) == (new.algorithm, new.number);
                if !self.rows.iter().any(taken) {
                    self.named += 1;
                    self.rows.push(KeyFacts {
                        kid: format!("{}-{}-{}", new.algorithm, new.number, self.named),
                        algorithm: new.algorithm,
                        number: new.number,
                        created_at: self.now,
                        activates_at: new.activates_at,
                        revoked_at: None,
                    });
                }
            }
            Step::Activate(Activation { kid, at, from }) => {
                let held = |key: &&mut KeyFacts| {
                    key.kid == *kid && key.activates_at == *from && key.counts()
                };
                if let Some(key) = self.rows.iter_mut().find(held) {
                    key.activates_at = Some(*at);
                }
            }
            Step::Sweep { kid, from } => {
                self.rows
                    .retain(|key| !(key.kid == *kid && key.activates_at == *from));
            }
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Look(node) => self.look(*node),
            Event::DecideLate(node) => {
                self.write(*node);
            }
            Event::Rotate(node) => {
                let Node { seen, turnover } = &self.nodes[*node];
                let algorithm = turnover.algorithms[0];
                if let Ok(step) = rotate(seen, algorithm, turnover, Pace::Announced, self.now) {
                    self.apply(&Step::Activate(step));
                }
            }
            Event::Reconfigure(node, choice) => {
                self.nodes[*node].turnover.algorithms = CHOICES[*choice].to_vec();
                self.look(*node);
            }
            Event::Pass(time) => {
                // Nodes look apart from each other, and none later than it must.
                let steps = time.as_secs().div_ceil(LOOK.as_secs()).min(240);
                for step in 0..steps {
                    self.now = self.now + LOOK;
                    self.sign();
                    for node in 0..NODES {
                        self.look((node + usize::try_from(step).unwrap()) % NODES);
                        self.sign();
                    }
                }
            }
        }
        self.sign();
    }

    /// Every node signs, and every verifier that holds what a node published within `max-age` must know
    /// the key.
    fn sign(&mut self) {
        let now = self.now;
        self.live.retain(|(_, until)| *until > now);
        for node in &self.nodes {
            let algorithms = &node.turnover.algorithms;
            let signs = signing_access(&node.seen, algorithms, now).expect("one always signs");
            let known_for = now.as_millis() - signs.created_at.as_millis();
            let needed = JWKS_MAX_AGE + LOOK;
            assert!(
                self.first.contains(&signs.kid)
                    || known_for >= i64::try_from(needed.as_millis()).unwrap(),
                "{} signs {known_for} ms after it was made",
                signs.kid
            );
            self.live.push((signs.kid.clone(), now + LIFETIME_MAX));
        }
        self.live.sort();
        self.live.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = earlier.1.max(later.1);
            }
            same
        });
        for node in &self.nodes {
            for (kid, _) in &self.live {
                let published = node.seen.iter().any(|key| {
                    key.kid == *kid && state(key, &node.seen, &node.turnover, now).is_published()
                });
                let may_lag = !self.rows.iter().any(|key| key.kid == *kid && key.counts());
                assert!(
                    published,
                    "{kid} has live tokens and is gone (swept: {may_lag})"
                );
            }
        }
    }

    /// Of each algorithm exactly one key signs, and one stands by; numbers are given once.
    fn check(&self) {
        for node in &self.nodes {
            for algorithm in &node.turnover.algorithms {
                let of = || node.seen.iter().filter(|key| key.algorithm == *algorithm);
                let signing = of()
                    .filter(|key| {
                        state(key, &node.seen, &node.turnover, self.now) == KeyState::Signing
                    })
                    .count();
                let ready = of().any(|key| key.activates_at.is_some_and(|at| at <= self.now));
                assert_eq!(signing, usize::from(ready), "{algorithm}");
                assert!(of().any(|key| key.activates_at.is_none()), "no standby");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn g15_no_order_of_events_leaves_a_good_token_without_its_key(
        events in prop::collection::vec(event(), 1..60)
    ) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
            world.check();
        }
    }
}
