//! A database: keys, what they hold, and when they are gone.

use imbl::{OrdMap, OrdSet};

use super::value::{Text, Typed, Value, WRONG_TYPE};
use crate::api::Time;

/// What a key takes beside its name and its value.
const KEY: usize = 72;

#[derive(Clone, Debug)]
pub struct Entry {
    pub value: Value,
    pub expires: Option<Time>,
    /// When it was last asked for: a count of all that was ever asked.
    pub used: u64,
}

impl Entry {
    fn bytes(&self, key: &[u8]) -> usize {
        KEY + key.len() + self.value.bytes()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Database {
    entries: OrdMap<Text, Entry>,
    expiring: OrdSet<(Time, Text)>,
    bytes: usize,
    asked: u64,
    pub hits: u64,
    pub misses: u64,
    pub expired: u64,
}

impl Database {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many keys will be gone by themselves.
    pub fn expiring(&self) -> usize {
        self.expiring.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn entries(&self) -> impl Iterator<Item = (&Text, &Entry)> {
        self.entries.iter()
    }

    /// Removes what is over.
    pub fn expire(&mut self, now: Time) {
        while let Some((at, key)) = self.expiring.get_min().cloned() {
            if at > now {
                break;
            }
            self.remove(&key);
            self.expired += 1;
        }
    }

    pub fn entry(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// What is asked for counts as used.
    pub fn look(&mut self, key: &[u8]) -> Option<&Value> {
        self.asked += 1;
        match self.entries.get_mut(key) {
            Some(e) => {
                e.used = self.asked;
                self.hits += 1;
                Some(&e.value)
            }
            None => {
                self.misses += 1;
                None
            }
        }
    }

    /// The same, if it has the type that is expected.
    pub fn read<T: Typed>(&mut self, key: &[u8]) -> Result<Option<&T>, String> {
        match self.look(key) {
            None => Ok(None),
            Some(v) => T::of(v).map(Some).ok_or_else(|| WRONG_TYPE.into()),
        }
    }

    /// Changes what a key holds, or makes it. What is empty then is gone.
    pub fn change<T: Typed, R>(&mut self, key: &Text, act: impl FnOnce(&mut T) -> R) -> Result<R, String> {
        self.asked += 1;
        let mut entry = match self.entries.get(key) {
            None => Entry { value: T::default().wrap(), expires: None, used: 0 },
            Some(e) if T::of(&e.value).is_none() => return Err(WRONG_TYPE.into()),
            // What lies in the map is let go first: a value that nobody else holds is changed in its place.
            Some(_) => self.take(key).unwrap_or_else(|| Entry { value: T::default().wrap(), expires: None, used: 0 }),
        };
        entry.used = self.asked;
        let value = T::of_mut(&mut entry.value).ok_or(WRONG_TYPE)?;
        let r = act(value);
        if !entry.value.is_gone() {
            self.insert(key, entry);
        }
        Ok(r)
    }

    /// Puts a value in the place of any other.
    pub fn put(&mut self, key: &Text, value: Value, expires: Option<Time>) {
        self.asked += 1;
        self.take(key);
        let used = self.asked;
        self.insert(key, Entry { value, expires, used });
    }

    pub fn set_expiry(&mut self, key: &Text, at: Option<Time>) {
        if let Some(e) = self.take(key) {
            self.insert(key, Entry { expires: at, ..e });
        }
    }

    pub fn remove(&mut self, key: &[u8]) -> bool {
        self.take(key).is_some()
    }

    fn insert(&mut self, key: &Text, entry: Entry) {
        self.bytes += entry.bytes(key);
        if let Some(at) = entry.expires {
            self.expiring.insert((at, key.clone()));
        }
        self.entries.insert(key.clone(), entry);
    }

    pub fn take(&mut self, key: &[u8]) -> Option<Entry> {
        let (key, entry) = self.entries.remove_with_key(key)?;
        self.bytes -= entry.bytes(&key);
        if let Some(at) = entry.expires {
            self.expiring.remove(&(at, key));
        }
        Some(entry)
    }

    pub fn clear(&mut self) -> usize {
        let n = self.len();
        (self.entries, self.expiring, self.bytes) = (OrdMap::new(), OrdSet::new(), 0);
        n
    }
}
