/// @file
/// What Redis says, and how it is spoken to: hiredis without its sockets. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace synapse::actors {

enum class reply_kind : std::uint8_t { text, status, error, number, list, nothing };

struct redis_reply {
  reply_kind kind = reply_kind::nothing;
  bool too_long = false; ///< the text is not here: it is longer than it may be
  std::int64_t number = 0;
  std::string text; ///< also of a status and of an error
  std::vector<redis_reply> parts;
};

/// Appends the command of these words, which may hold any bytes, to `out`.
void append_command(std::string& out, std::initializer_list<std::string_view> words);

struct reader_limits {
  std::size_t text = 64 * 1024;             ///< bytes; of longer texts only the fact is told
  std::size_t pending = 8U * 1024U * 1024U; ///< bytes of a reply that has not come completely
  std::size_t parts = 16;                   ///< of one list
};

/// Makes replies of bytes.
class redis_reader {
public:
  explicit redis_reader(reader_limits limits = {});
  redis_reader(const redis_reader&) = delete;
  redis_reader& operator=(const redis_reader&) = delete;
  ~redis_reader();

  /// Appends bytes that have come. Meant for pieces of a few KiB: what is fed is moved while it is
  /// read.
  void feed(std::string_view bytes);

  /// @returns the next complete reply; nothing when there is none, see `is_broken`.
  std::optional<redis_reply> next();

  /// What came is not Redis's protocol, or beyond the limits; nothing can be read any more.
  bool is_broken() const noexcept { return broken_; }

private:
  struct free_reader {
    void operator()(redisReader* reader) const noexcept;
  };

  const reader_limits limits_;
  std::unique_ptr<redisReader, free_reader> reader_;
  bool broken_ = false;
};

} // namespace synapse::actors
