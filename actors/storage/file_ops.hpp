/// @file
/// The few file operations that durable storage is made of, relative to directory descriptors. Each
/// one passes `before`, where a test can make it fail or end the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synapse::storage {

/// Thrown here and caught by the stores that are built on this: it never leaves them.
struct io_failure {
  int code = 0;     ///< errno; EBADMSG for contents that are not as they should be
  std::string text; ///< what was tried with which name, and why it failed
};

/// Owns a file descriptor.
class file_handle {
public:
  file_handle() = default;
  explicit file_handle(int descriptor) noexcept : descriptor_(descriptor) {}
  file_handle(file_handle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_handle& operator=(file_handle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file_handle();

  int get() const noexcept { return descriptor_; }

private:
  int descriptor_ = -1;
};

enum class file_kind : std::uint8_t { file, directory, other };

struct directory_entry {
  std::string name;
  file_kind kind = file_kind::other; ///< symbolic links are `other`: nobody follows them
};

enum class file_action : std::uint8_t {
  open,
  list,
  read,
  look,
  create,
  write,
  sync,
  rename,
  make_directory,
  remove,
  lock, ///< taking one, or asking for one
  mark, ///< writing a note for other processes, which need not be durable
};

/// Which file it is. As long as somebody has it open, no other one is the same.
struct file_identity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  bool operator==(const file_identity&) const = default;
};

enum class lock_kind : std::uint8_t { exclusive, shared };

/// What is about to be done.
struct file_operation {
  file_action action;
  int directory = -1;      ///< descriptor that `name` is relative to
  std::string_view name;   ///< for errors, where `descriptor` is set
  int descriptor = -1;     ///< of what is read, written, listed or synced
  std::string_view data;   ///< what is written
  int to_directory = -1;   ///< of a rename
  std::string_view target; ///< of a rename
};

/// All operations throw io_failure. Names are single components; a symbolic link in their place is
/// an error. One thread.
class file_ops {
public:
  virtual ~file_ops() = default;

  file_handle open_directory(int at, const std::string& name);
  /// A regular file, for reading and syncing.
  file_handle open_file(int at, const std::string& name);
  /// A new file of mode 0600; it must not exist.
  file_handle create_file(int at, const std::string& name);
  /// Takes permissions from others (mode 0600).
  void make_private(const file_handle& file, const std::string& name);

  void write(const file_handle& file, const std::string& name, std::string_view data);
  /// @param limit a longer file is an error, in bytes.
  std::string read(const file_handle& file, const std::string& name, std::size_t limit);
  /// Makes contents durable; of a directory, its names.
  void sync(const file_handle& file, const std::string& name);

  /// Takes the place of `target`, if there is one.
  void replace(int from, const std::string& name, int to, const std::string& target);
  /// EEXIST when there is a `target`.
  void move(int from, const std::string& name, int to, const std::string& target);
  void make_directory(int at, const std::string& name); ///< mode 0700
  void remove_file(int at, const std::string& name);
  void remove_directory(int at, const std::string& name);

  /// A file for locks and notes that processes share, made with mode 0600 where there is none; for
  /// reading and writing.
  file_handle open_shared(int at, const std::string& name);
  /// Takes a lock on one byte of the file, which need not exist. It belongs to the handle: it ends
  /// with it, or with its process, however that ends.
  /// @returns false when another handle has it.
  bool try_lock(const file_handle& file, const std::string& name, std::uint64_t byte,
                lock_kind kind);
  /// Whether another handle has an exclusive lock there.
  bool is_locked(const file_handle& file, const std::string& name, std::uint64_t byte);
  static void unlock(const file_handle& file, std::uint64_t byte) noexcept;
  /// @returns fewer bytes where the file ends before.
  std::string read_at(const file_handle& file, const std::string& name, std::uint64_t offset,
                      std::size_t size);
  void write_note(const file_handle& file, const std::string& name, std::uint64_t offset,
                  std::string_view data);

  bool exists(int at, const std::string& name);
  /// @returns nothing when there is no such file.
  std::optional<file_identity> identify(int at, const std::string& name);
  static file_identity identify(const file_handle& file) noexcept;
  /// Whether the file still has a name.
  static bool has_name(const file_handle& file) noexcept;
  /// In no particular order, without `.` and `..`.
  std::vector<directory_entry> list(const file_handle& directory, const std::string& name);

protected:
  /// @returns 0, or the errno the operation fails with instead of being done.
  virtual int before(const file_operation&) { return 0; }

private:
  void enter(const file_operation& operation, const char* verb);
};

/// Why, in words that fit behind a colon, e.g. "the disk is full".
std::string describe_errno(int code);

} // namespace synapse::storage
