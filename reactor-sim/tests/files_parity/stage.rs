//! Where scripts are played: a disk.

use std::io::{self, SeekFrom};
use std::path::Path;

use reveille_reactor::disk::Disk;
use reveille_reactor::{FileId, Files, OpenHow};

/// Files to play on. Open files go by the order in which they were opened.
pub(crate) trait Stage {
    fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<usize>;
    fn close(&mut self, file: usize);
    fn read(&mut self, file: usize, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&mut self, file: usize, at: Option<u64>, bytes: &[u8]) -> io::Result<usize>;
    fn seek(&mut self, file: usize, to: SeekFrom) -> io::Result<u64>;
    fn sync(&mut self, file: usize) -> io::Result<()>;
    fn set_len(&mut self, file: usize, len: u64) -> io::Result<()>;
    /// Whether it is a directory, and its length if not.
    fn metadata_of(&mut self, file: usize) -> io::Result<(bool, u64)>;
    fn metadata(&mut self, path: &Path) -> io::Result<(bool, u64)>;
    fn create_dir(&mut self, path: &Path) -> io::Result<()>;
    fn remove_dir(&mut self, path: &Path) -> io::Result<()>;
    fn remove_file(&mut self, path: &Path) -> io::Result<()>;
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// The names, each with whether it is a directory, sorted: their order is nobody's promise.
    fn read_dir(&mut self, path: &Path) -> io::Result<Vec<(String, bool)>>;
}

/// The simulated disk.
#[derive(Default)]
pub(crate) struct Simulated {
    disk: Disk,
    files: Vec<FileId>,
}

fn told(metadata: reveille_reactor::Metadata) -> (bool, u64) {
    (metadata.is_dir(), if metadata.is_dir() { 0 } else { metadata.len() })
}

impl Stage for Simulated {
    fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<usize> {
        how.check()?;
        self.files.push(self.disk.open(path, how)?);
        Ok(self.files.len() - 1)
    }

    fn close(&mut self, file: usize) {
        self.disk.close(self.files[file]);
    }

    fn read(&mut self, file: usize, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.read(self.files[file], at, buffer)
    }

    fn write(&mut self, file: usize, at: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
        self.disk.write(self.files[file], at, bytes)
    }

    fn seek(&mut self, file: usize, to: SeekFrom) -> io::Result<u64> {
        self.disk.seek(self.files[file], to)
    }

    fn sync(&mut self, file: usize) -> io::Result<()> {
        self.disk.sync(self.files[file])
    }

    fn set_len(&mut self, file: usize, len: u64) -> io::Result<()> {
        self.disk.set_len(self.files[file], len)
    }

    fn metadata_of(&mut self, file: usize) -> io::Result<(bool, u64)> {
        self.disk.metadata_of(self.files[file]).map(told)
    }

    fn metadata(&mut self, path: &Path) -> io::Result<(bool, u64)> {
        self.disk.metadata(path).map(told)
    }

    fn create_dir(&mut self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn read_dir(&mut self, path: &Path) -> io::Result<Vec<(String, bool)>> {
        let entries = self.disk.read_dir(path)?;
        Ok(entries.into_iter().map(|entry| (entry.name.into_string().unwrap(), entry.file_type.is_dir())).collect())
    }
}

#[cfg(target_os = "linux")]
pub(crate) use real::Real;

#[cfg(target_os = "linux")]
mod real {
    use std::ffi::{OsStr, OsString};
    use std::fs;
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::unix::fs::FileExt as _;
    use std::path::PathBuf;

    use super::*;

    /// A directory of the operating system's, which goes with this.
    pub(crate) struct Real {
        root: PathBuf,
        files: Vec<Option<fs::File>>,
    }

    impl Real {
        pub(crate) fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("reveille-{name}-{}", std::process::id()));
            fs::create_dir(&root).expect("a directory for the script");
            Self { root, files: Vec::new() }
        }

        fn file(&mut self, file: usize) -> &mut fs::File {
            self.files[file].as_mut().expect("the script uses files that are open")
        }

        /// The path below the root. Put together as text: a slash at the end matters.
        fn below(&self, path: &Path) -> PathBuf {
            let absolute = path.as_os_str().as_encoded_bytes().first() == Some(&b'/');
            let parts: [&OsStr; 3] =
                [self.root.as_os_str(), OsStr::new(if absolute { "" } else { "/" }), path.as_os_str()];
            if path.as_os_str().is_empty() { PathBuf::new() } else { parts.into_iter().collect::<OsString>().into() }
        }
    }

    impl Drop for Real {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.root);
        }
    }

    fn told(metadata: &fs::Metadata) -> (bool, u64) {
        (metadata.is_dir(), if metadata.is_dir() { 0 } else { metadata.len() })
    }

    impl Stage for Real {
        fn open(&mut self, path: &Path, how: OpenHow) -> io::Result<usize> {
            let mut options = fs::OpenOptions::new();
            options.read(how.read).write(how.write).append(how.append).truncate(how.truncate);
            let file = options.create(how.create).create_new(how.create_new).open(self.below(path))?;
            self.files.push(Some(file));
            Ok(self.files.len() - 1)
        }

        fn close(&mut self, file: usize) {
            self.files[file] = None;
        }

        fn read(&mut self, file: usize, at: Option<u64>, buffer: &mut [u8]) -> io::Result<usize> {
            match at {
                Some(at) => self.file(file).read_at(buffer, at),
                None => self.file(file).read(buffer),
            }
        }

        fn write(&mut self, file: usize, at: Option<u64>, bytes: &[u8]) -> io::Result<usize> {
            match at {
                Some(at) => self.file(file).write_at(bytes, at),
                None => self.file(file).write(bytes),
            }
        }

        fn seek(&mut self, file: usize, to: SeekFrom) -> io::Result<u64> {
            self.file(file).seek(to)
        }

        fn sync(&mut self, file: usize) -> io::Result<()> {
            self.file(file).sync_all()
        }

        fn set_len(&mut self, file: usize, len: u64) -> io::Result<()> {
            self.file(file).set_len(len)
        }

        fn metadata_of(&mut self, file: usize) -> io::Result<(bool, u64)> {
            self.file(file).metadata().map(|metadata| told(&metadata))
        }

        fn metadata(&mut self, path: &Path) -> io::Result<(bool, u64)> {
            fs::metadata(self.below(path)).map(|metadata| told(&metadata))
        }

        fn create_dir(&mut self, path: &Path) -> io::Result<()> {
            fs::create_dir(self.below(path))
        }

        fn remove_dir(&mut self, path: &Path) -> io::Result<()> {
            fs::remove_dir(self.below(path))
        }

        fn remove_file(&mut self, path: &Path) -> io::Result<()> {
            fs::remove_file(self.below(path))
        }

        fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
            fs::rename(self.below(from), self.below(to))
        }

        fn read_dir(&mut self, path: &Path) -> io::Result<Vec<(String, bool)>> {
            let entries = fs::read_dir(self.below(path))?;
            let told =
                |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), entry.file_type().unwrap().is_dir());
            let mut entries = entries.map(|entry| entry.map(told)).collect::<io::Result<Vec<_>>>()?;
            entries.sort();
            Ok(entries)
        }
    }
}
