//! What scripts observe: recorded on the operating system, and held against a simulation.
//!
//! `scripts!` makes functions of scripts, each generic over where it is played; a [`Record`] is the file of what the real thing
//! answered. Both tests of parity include this module.

/// Scripts by name: `NAMES` lists them, and `observe` plays one on a stage and returns what it observed. `Play` and `Stage` are
/// those of the file in which the scripts stand.
macro_rules! scripts {
    ($($name:ident($play:ident) $body:block)*) => {
        /// The names of all scripts.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// What the script called `name` observes on a stage.
        pub(crate) fn observe<S: Stage>(name: &str, stage: S) -> String {
            let mut on = Play::new(stage);
            match name {
                $(stringify!($name) => $name(&mut on),)*
                _ => panic!("there is no script `{name}`"),
            }
            on.into_log()
        }

        $(fn $name<S: Stage>($play: &mut Play<S>) $body)*
    };
}

/// The [`Record`] of the scripts of a module: its file, below `tests`, and where they were played.
macro_rules! record {
    ($scripts:ident, $file:literal, $on:literal) => {
        $crate::record::Record {
            names: $scripts::NAMES,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/", $file)),
            file: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/", $file),
            on: $on,
        }
    };
}

/// What the scripts observed on Linux.
pub(crate) struct Record {
    /// The scripts that it is of.
    pub(crate) names: &'static [&'static str],
    pub(crate) text: &'static str,
    /// Where it is kept.
    pub(crate) file: &'static str,
    /// Where the scripts were played, for its first line.
    pub(crate) on: &'static str,
}

impl Record {
    /// What was recorded of the script called `name`.
    fn of(&self, name: &str) -> &'static str {
        let heading = format!("\n{name}\n");
        let Some(start) = self.text.find(&heading).map(|at| at + heading.len()) else {
            panic!("`{name}` was never recorded: run on Linux with UPDATE_EXPECT=1, as the test's first lines say")
        };
        let text = &self.text[start..];
        &text[..text.find("\n\n").map_or(text.len(), |end| end + 1)]
    }

    /// Holds `simulate`, which plays a script in the simulation, against the record. It is called once for each of so many seeds.
    pub(crate) fn assert_simulated(&self, seeds: u64, simulate: impl Fn(&str, u64) -> String) {
        let differing = |name: &&str| {
            let real = self.of(name);
            (0..seeds).find_map(|seed| {
                let simulated = simulate(name, seed);
                (simulated != real).then(|| format!("{name}, seed {seed}\nrecorded:\n{real}simulated:\n{simulated}"))
            })
        };
        let differing: Vec<String> = self.names.iter().filter_map(differing).collect();
        assert!(differing.is_empty(), "{} scripts differ:\n\n{}", differing.len(), differing.join("\n"));
    }

    /// Holds the record against the operating system, on which `observe` plays a script; or records anew, if the environment says
    /// so.
    #[allow(dead_code, reason = "not every build has the operating system's side")]
    pub(crate) fn assert_real(&self, observe: impl Fn(&str) -> String) {
        let observed: Vec<(&str, String)> = self.names.iter().map(|name| (*name, observe(name))).collect();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let scripts: String = observed.iter().map(|(name, text)| format!("\n{name}\n{text}")).collect();
            let first = format!("What the scripts observed on Linux, {}. Recorded, not written.\n", self.on);
            std::fs::write(self.file, first + &scripts).expect("the record is written");
            return;
        }
        for (name, text) in observed {
            assert_eq!(text, self.of(name), "`{name}` is no longer what was recorded");
        }
    }
}
