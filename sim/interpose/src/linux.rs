//! The functions of the C library, under their names.

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use libc::{clockid_t, size_t, ssize_t, time_t, timespec, timeval};

/// The addresses of what stands before the C library's functions.
pub(crate) const FUNCTIONS: [*const (); 5] = [
    getrandom as *const (),
    getentropy as *const (),
    clock_gettime as *const (),
    gettimeofday as *const (),
    time as *const (),
];

/// A function of the C library that one of ours stands before.
struct Next {
    name: &'static CStr,
    /// Null until it has been looked for.
    found: AtomicPtr<c_void>,
}

impl Next {
    const fn named(name: &'static CStr) -> Self {
        Self { name, found: AtomicPtr::new(null_mut()) }
    }

    /// Its address; null if there is no such function.
    fn get(&self) -> *mut c_void {
        let found = self.found.load(Ordering::Relaxed);
        if !found.is_null() {
            return found;
        }
        // SAFETY: the name ends in a null byte, and `RTLD_NEXT` is a handle that `dlsym` knows.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Writes what the source calls random to `buffer`; false if there is none to ask.
///
/// # Safety
/// `buffer` must be valid for writes of `length` bytes.
unsafe fn fill(buffer: *mut c_void, length: size_t) -> bool {
    let filled = crate::ask(|source| {
        let mut chunk = [0; 64];
        for start in (0..length).step_by(chunk.len()) {
            let part = &mut chunk[..(length - start).min(64)];
            source.entropy(part);
            // SAFETY: `start + part.len() <= length`, for which the caller vouches; the chunk is on our stack. Copied and not
            // borrowed, since what the caller wants filled need not be initialised.
            unsafe { buffer.cast::<u8>().add(start).copy_from_nonoverlapping(part.as_ptr(), part.len()) };
        }
    });
    filled.is_some()
}

/// # Safety
/// As that of the C library: `buffer` must be valid for writes of `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    static NEXT: Next = Next::named(c"getrandom");
    // SAFETY: the caller vouches for the buffer.
    if unsafe { fill(buffer, length) } {
        return length as ssize_t;
    }
    let next = NEXT.get();
    if next.is_null() {
        // SAFETY: the arguments are those of the system call, and the caller vouches for the buffer.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as ssize_t };
    }
    // SAFETY: the C library's function of this name has this type.
    let next: unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t = unsafe { std::mem::transmute(next) };
    // SAFETY: the caller vouches for the buffer.
    unsafe { next(buffer, length, flags) }
}

/// # Safety
/// As that of the C library: `buffer` must be valid for writes of `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    // SAFETY: the caller vouches for the buffer.
    let got = unsafe { getrandom(buffer, length, 0) };
    // At most 256 bytes may be asked for, of which the kernel gives all or none.
    if usize::try_from(got) == Ok(length) { 0 } else { -1 }
}

/// # Safety
/// As that of the C library: `time` must be valid for a write.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    static NEXT: Next = Next::named(c"clock_gettime");
    // What a thread or process has used of the processor is no time of day.
    let is_of_day = !matches!(clock, libc::CLOCK_PROCESS_CPUTIME_ID | libc::CLOCK_THREAD_CPUTIME_ID) && clock >= 0;
    let can_be_set = matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_TAI);
    let now = |source: &dyn crate::Source| if can_be_set { source.time_of_day() } else { source.time() };
    if let Some(now) = is_of_day.then(|| crate::ask(now)).flatten() {
        // SAFETY: the caller vouches for the pointer.
        unsafe { time.write(as_timespec(now)) };
        return 0;
    }
    let next = NEXT.get();
    if next.is_null() {
        // SAFETY: the arguments are those of the system call, and the caller vouches for the pointer.
        return unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as c_int };
    }
    // SAFETY: the C library's function of this name has this type.
    let next: unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int = unsafe { std::mem::transmute(next) };
    // SAFETY: the caller vouches for the pointer.
    unsafe { next(clock, time) }
}

/// # Safety
/// As that of the C library: `time` must be null or valid for a write. The zone is obsolete, and left alone.
#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is ours.
    let result = unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    if result == 0 && !time.is_null() {
        // SAFETY: the caller vouches for the pointer.
        unsafe { time.write(timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1_000 }) };
    }
    result
}

/// # Safety
/// As that of the C library: `time` must be null or valid for a write.
#[unsafe(no_mangle)]
unsafe extern "C" fn time(time: *mut time_t) -> time_t {
    let mut now = timespec { tv_sec: -1, tv_nsec: 0 };
    // SAFETY: `now` is ours.
    unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    if !time.is_null() {
        // SAFETY: the caller vouches for the pointer.
        unsafe { time.write(now.tv_sec) };
    }
    now.tv_sec
}

fn as_timespec(time: Duration) -> timespec {
    timespec { tv_sec: time.as_secs() as time_t, tv_nsec: time.subsec_nanos().into() }
}
