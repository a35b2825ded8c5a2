#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace synapse::backends {

/// A temporary folder that only this user can read, removed with all that is in it.
class private_folder {
public:
  /// Makes `<parent>/synapse-backends-XXXXXX`.
  /// @param parent empty: TMPDIR, else /tmp
  /// @throws std::runtime_error if it cannot be made
  explicit private_folder(const std::filesystem::path& parent = {});
  ~private_folder();
  private_folder(const private_folder&) = delete;
  private_folder& operator=(const private_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// @returns the path of a file in it, as a program's argument: it never begins with a dash.
  std::string file(std::string_view name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

/// Writes a file anew. @throws std::runtime_error naming the file and the cause
void write_file(const std::string& path, std::string_view bytes);

/// @returns a file's bytes. @throws std::runtime_error naming the file and the cause
std::string read_file(const std::string& path);

} // namespace synapse::backends
