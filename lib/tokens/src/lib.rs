//! Hugging Face's tokenizers behind the C interface of lib/infer/tokens_abi.h, which says what each
//! function promises.

use std::any::Any;
use std::ffi::{c_char, CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::{ptr, slice};

use tokenizers::tokenizer::{PaddingDirection, PostProcessor, Tokenizer, TruncationParams};

type Result<T> = std::result::Result<T, String>;

#[repr(C)]
pub struct About {
    pad_id: u32,
    pad_type_id: u32,
    pads_left: bool,
    special: usize,
}

#[repr(C)]
pub struct Text {
    data: *const u8,
    size: usize,
}

#[repr(C)]
pub struct Message {
    data: *mut c_char,
    size: usize,
}

pub struct Tokens {
    tokenizer: Tokenizer,
    length: usize,
}

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static rk_tokens_abi: u32 = 1;

/// # Safety
/// `file` ends with a NUL; `about` and `error` are there.
#[no_mangle]
pub unsafe extern "C" fn rk_tokens_open(
    file: *const c_char,
    length: usize,
    pairs: bool,
    about: *mut About,
    error: *mut Message,
) -> *mut Tokens {
    set_hook(Box::new(|_| {})); // what a panic says goes into the message
    let file = OsStr::from_bytes(CStr::from_ptr(file).to_bytes());
    match guarded(|| open(file, length, pairs)) {
        Ok((tokens, said)) => {
            *about = said;
            Box::into_raw(Box::new(tokens))
        }
        Err(why) => {
            (*error).write(&why);
            ptr::null_mut()
        }
    }
}

/// # Safety
/// `tokens` came from rk_tokens_open(); `texts` are `count`, 1 or 2; `ids` and `types` have room for
/// the length that it was opened with.
#[no_mangle]
pub unsafe extern "C" fn rk_tokens_encode(
    tokens: *const Tokens,
    texts: *const Text,
    count: usize,
    ids: *mut u32,
    types: *mut u32,
    error: *mut Message,
) -> isize {
    let tokens = &*tokens;
    let texts = slice::from_raw_parts(texts, count);
    let room = |start| slice::from_raw_parts_mut(start, tokens.length);
    match guarded(|| encode(tokens, texts, room(ids), room(types))) {
        Ok(count) => count as isize,
        Err(why) => {
            (*error).write(&why);
            -1
        }
    }
}

/// # Safety
/// `tokens` came from rk_tokens_open() and is not used any more.
#[no_mangle]
pub unsafe extern "C" fn rk_tokens_close(tokens: *mut Tokens) {
    drop(Box::from_raw(tokens));
}

impl Message {
    unsafe fn write(&self, text: &str) {
        let count = text.len().min(self.size - 1);
        ptr::copy_nonoverlapping(text.as_ptr().cast(), self.data, count);
        *self.data.add(count) = 0;
    }
}

impl Text {
    unsafe fn view(&self) -> Result<&str> {
        if self.size == 0 {
            return Ok("");
        }
        std::str::from_utf8(slice::from_raw_parts(self.data, self.size)).map_err(|e| e.to_string())
    }
}

/// A panic must not leave this language.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(words_of(&*panic)))
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("the tokenizer does not say why").to_string()
}

fn open(file: &OsStr, length: usize, pairs: bool) -> Result<(Tokens, About)> {
    let mut tokenizer = Tokenizer::from_file(file).map_err(|e| e.to_string())?;
    let about = about(&tokenizer, pairs);
    tokenizer.with_padding(None);
    if length > about.special {
        let own = tokenizer.get_truncation().cloned().unwrap_or_default();
        let params = TruncationParams { max_length: length, stride: 0, ..own };
        tokenizer.with_truncation(Some(params)).map_err(|e| e.to_string())?;
    }
    Ok((Tokens { tokenizer, length }, about))
}

fn about(tokenizer: &Tokenizer, pairs: bool) -> About {
    let special = tokenizer.get_post_processor().map_or(0, |one| one.added_tokens(pairs));
    match tokenizer.get_padding() {
        Some(padding) => About {
            pad_id: padding.pad_id,
            pad_type_id: padding.pad_type_id,
            pads_left: matches!(padding.direction, PaddingDirection::Left),
            special,
        },
        None => {
            let usual = ["[PAD]", "<pad>"].iter().find_map(|one| tokenizer.token_to_id(one));
            About { pad_id: usual.unwrap_or(0), pad_type_id: 0, pads_left: false, special }
        }
    }
}

unsafe fn encode(
    tokens: &Tokens,
    texts: &[Text],
    ids: &mut [u32],
    types: &mut [u32],
) -> Result<usize> {
    let encoding = match texts {
        [one] => tokens.tokenizer.encode_fast(one.view()?, true),
        [one, other] => tokens.tokenizer.encode_fast((one.view()?, other.view()?), true),
        _ => return Err("neither a text nor two".to_string()),
    };
    let encoding = encoding.map_err(|e| e.to_string())?;
    let count = encoding.get_ids().len();
    if count > tokens.length {
        return Err(format!("{count} tokens, of which the tokenizer cuts off none"));
    }
    ids[..count].copy_from_slice(encoding.get_ids());
    types[..count].copy_from_slice(encoding.get_type_ids());
    Ok(count)
}
