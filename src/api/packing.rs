//! Objects that lie in the store as one string of bytes. A cluster with many pods holds five Events of each, which nobody may ever
//! look at: as Rust's own values they would be two thirds of all that is stored.
//!
//! [`Packing`] is what a kind must know for it, [`Writer`] and [`Reader`] are what it writes and reads with. Real Kubernetes keeps
//! every object so, in etcd, as protobuf.

use std::any::{Any, TypeId};
use std::sync::OnceLock;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::object::{Body, Resource};

/// How objects of a kind are packed.
pub struct Packing<T> {
    /// The namespace and the name come first. The object comes back where it holds something that has no place in the bytes.
    pub pack: fn(T) -> Result<Writer, Box<T>>,
    pub unpack: fn(Reader<'_>) -> T,
}

/// Puts values one after another.
#[derive(Default)]
pub struct Writer(Vec<u8>);

/// Takes them out in the same order.
pub struct Reader<'b>(&'b [u8]);

impl Writer {
    fn length(&mut self, mut n: usize) {
        while n >= 0x80 {
            self.0.push(0x80 | (n & 0x7f) as u8);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn text(&mut self, text: Option<&str>) {
        self.length(text.map_or(0, |t| t.len() + 1));
        self.0.extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    pub fn number(&mut self, n: Option<i32>) {
        self.0.push(u8::from(n.is_some()));
        self.0.extend(n.iter().flat_map(|n| n.to_le_bytes()));
    }

    pub fn time(&mut self, time: Option<Timestamp>) {
        self.0.push(u8::from(time.is_some()));
        if let Some(t) = time {
            self.0.extend(t.as_second().to_le_bytes());
            self.0.extend(t.subsec_nanosecond().to_le_bytes());
        }
    }
}

impl<'b> Reader<'b> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *head
    }

    fn length(&mut self) -> usize {
        let mut n = 0;
        for shift in (0..usize::BITS).step_by(7) {
            let [b] = self.bytes();
            n |= usize::from(b & 0x7f) << shift;
            if b < 0x80 {
                break;
            }
        }
        n
    }

    pub fn text(&mut self) -> Option<&'b str> {
        let length = self.length().checked_sub(1)?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    pub fn owned(&mut self) -> Option<String> {
        self.text().map(String::from)
    }

    pub fn number(&mut self) -> Option<i32> {
        let [there] = self.bytes();
        (there == 1).then(|| i32::from_le_bytes(self.bytes()))
    }

    pub fn time(&mut self) -> Option<Timestamp> {
        let [there] = self.bytes();
        if there == 0 {
            return None;
        }
        let (second, nanosecond) = (i64::from_le_bytes(self.bytes()), i32::from_le_bytes(self.bytes()));
        Timestamp::new(second, nanosecond).ok()
    }
}

/// The content of a packed object. Whoever asks for it as a whole unpacks it, for good.
pub(super) struct Packed<T: 'static> {
    bytes: Box<[u8]>,
    packing: &'static Packing<T>,
    whole: OnceLock<Box<T>>,
    /// What counts instead, once somebody may have changed it.
    changed: Option<Box<T>>,
}

impl<T: Resource> Packed<T> {
    pub fn of(object: T, packing: &'static Packing<T>) -> Result<Packed<T>, Box<T>> {
        let bytes = (packing.pack)(object)?.0.into();
        Ok(Packed { bytes, packing, whole: OnceLock::new(), changed: None })
    }

    fn unpacked(&self) -> T {
        (self.packing.unpack)(Reader(&self.bytes))
    }

    /// What was unpacked before.
    fn known(&self) -> Option<&T> {
        self.changed.as_deref().or_else(|| self.whole.get().map(Box::as_ref))
    }

    fn copy(&self) -> T {
        self.known().cloned().unwrap_or_else(|| self.unpacked())
    }

    fn whole(&self) -> &T {
        self.changed.as_deref().unwrap_or_else(|| self.whole.get_or_init(|| Box::new(self.unpacked())))
    }

    fn whole_mut(&mut self) -> &mut T {
        let known = self.changed.take().or_else(|| self.whole.take());
        let whole = known.unwrap_or_else(|| Box::new(self.unpacked()));
        self.changed.insert(whole)
    }
}

impl<T> std::fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} bytes)", self.bytes.len())
    }
}

impl<T: Resource> Body for Packed<T> {
    fn meta(&self) -> &ObjectMeta {
        self.whole().metadata()
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.whole_mut().metadata_mut()
    }
    fn place(&self) -> (&str, &str) {
        match self.known() {
            Some(whole) => Body::place(whole),
            None => {
                let mut reader = Reader(&self.bytes);
                (reader.text().unwrap_or_default(), reader.text().unwrap_or_default())
            }
        }
    }
    fn to_json(&self) -> Value {
        match self.known() {
            Some(whole) => whole.to_json(),
            None => self.unpacked().to_json(),
        }
    }
    fn clone_box(&self) -> Box<dyn Body> {
        Box::new(self.copy())
    }
    fn same(&self, other: &dyn Body) -> bool {
        other.get() == Some(self.whole())
    }
    fn is(&self, kind: TypeId) -> bool {
        kind == TypeId::of::<T>()
    }
    fn any(&self) -> &dyn Any {
        self.whole()
    }
    fn any_mut(&mut self) -> &mut dyn Any {
        self.whole_mut()
    }
    #[cfg(test)]
    fn lies_packed(&self) -> bool {
        self.known().is_none()
    }
    fn loose(&self) -> Option<Box<dyn Body>> {
        Some(Box::new(self.copy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(20_000);
        let texts = [Some(""), None, Some("kubelet"), Some(&long), Some("é"), None];
        let numbers = [Some(0), None, Some(i32::MIN), Some(7)];
        let times = [None, Timestamp::new(-5, -999).ok(), Some(Timestamp::MAX), Some(Timestamp::UNIX_EPOCH)];
        let mut w = Writer::default();
        texts.iter().for_each(|t| w.text(*t));
        numbers.iter().for_each(|n| w.number(*n));
        times.iter().for_each(|t| w.time(*t));
        let mut r = Reader(&w.0);
        assert!(texts.iter().all(|t| r.text() == *t));
        assert!(numbers.iter().all(|n| r.number() == *n));
        assert!(times.iter().all(|t| r.time() == *t));
        assert_eq!((r.text(), r.number(), r.time()), (None, None, None), "nothing is left");
    }
}
