/// @file
/// The dashboard's front end as it was built, in memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace synapse::api {

/// One file with its compressed forms; empty where there is none.
struct static_file {
  std::string content_type;
  std::string etag; ///< with its quotes (RFC 9110 section 8.8.3)
  std::string plain;
  std::string gzip;
  std::string brotli;
};

/// Read once at the start: requests touch no disk, and a half-written build is never served.
class dashboard_files {
public:
  static constexpr std::size_t max_bytes = 32 * 1024 * 1024; ///< of all files together

  dashboard_files() = default;
  /// Reads `index.html`, `docs.html` and `assets/*` with their `.gz` and `.br` siblings. Links and
  /// folders within are left out. A directory that is not there, or too large, leaves it empty.
  /// @param problem says why it is empty.
  static dashboard_files load(const std::filesystem::path& directory, std::string& problem);

  bool empty() const noexcept { return !files_.contains("index.html"); }
  /// "index.html", "docs.html" or "assets/x.js"; null when there is none.
  const static_file* find(std::string_view name) const;

private:
  std::map<std::string, static_file, std::less<>> files_;
};

enum class content_coding : unsigned char { plain, gzip, brotli };
/// The best coding that `Accept-Encoding` allows among those a file has (RFC 9110 section 12.5.3).
content_coding choose_coding(std::string_view accept_encoding, const static_file& file);

/// Whether `If-None-Match` names this version.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

} // namespace synapse::api
