//! Texts between lines that say what they are, and what OpenSSL says of those that it does not find.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{Failed, input, traced};
use crate::api::pem::{Block, blocks};
use crate::runtime::kernel::Errno;
use crate::runtime::programs::Call;

/// Lines of 64 letters.
pub fn wrapped(bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    let rows = text.as_bytes().chunks(64);
    rows.map(|r| format!("{}\n", String::from_utf8_lossy(r))).collect()
}

pub fn written(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", wrapped(der))
}

/// What a file holds in the end, as a file of keys or certificates. `what` is how OpenSSL names it.
pub fn found(
    c: &mut Call<'_, '_>,
    file: Option<&str>,
    what: &str,
    fits: impl Fn(&Block) -> bool,
    der: Option<&str>,
) -> Result<Vec<Block>, Failed> {
    let content = match input(c, file) {
        Ok(content) => content,
        Err(Errno::Again) => return Err(Failed { text: String::new(), code: 1 }),
        Err(e) => {
            let (file, why) = (file.unwrap_or("<stdin>"), e.text());
            let lines = [
                "16000069:STORE routines:ossl_store_get0_loader_int:unregistered scheme:../crypto/store/store_register.c:237:scheme=file".into(),
                format!("80000002:system library:file_open:{why}:../providers/implementations/storemgmt/file_store.c:266:calling stat({file})"),
            ];
            let text = format!("Could not open file or uri for loading {what} from {file}\n{}", traced(c, &lines));
            return Err(Failed { text, code: 1 });
        }
    };
    let mut all = blocks(&content);
    let some = !all.is_empty();
    all.retain(|b| fits(b));
    if let (true, Some(label)) = (!some && content.first() == Some(&0x30), der) {
        all.push(Block { label: label.into(), has_headers: false, bytes: content.to_vec() });
    }
    if all.is_empty() {
        return Err(unreadable(c, what, file, some));
    }
    Ok(all)
}

/// `some`: there was something, but of another kind.
pub fn unreadable(c: &mut Call<'_, '_>, what: &str, file: Option<&str>, some: bool) -> Failed {
    let lines =
        ["1608010C:STORE routines:ossl_store_handle_load_result:unsupported:../crypto/store/store_result.c:149:"
            .into()];
    let more = if some { traced(c, &lines) } else { String::new() };
    Failed { text: format!("Could not read {what} from {}\n{more}", file.unwrap_or("<stdin>")), code: 1 }
}
