#pragma once

#include "backends/engine/private_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synapse::backends {

/// Uploaded voices, in a temporary folder: they are lost with it, as those of a container whose
/// folder is not persistent. Used on the host's thread.
class reference_store {
public:
  /// @param parent of the temporary folder
  explicit reference_store(std::filesystem::path parent) : parent_(std::move(parent)) {}

  bool has(const std::string& name) const { return files_.count(name) > 0; }

  /// @returns the path of a file's content. @pre has(name)
  const std::string& path_of(const std::string& name) const { return files_.at(name); }

  /// Keeps a file that is not there yet. @throws std::runtime_error if it cannot be written
  void add(const std::string& name, std::string_view bytes);

  /// Forgets a file.
  void remove(const std::string& name);

  /// Forgets everything, as a restart does. The files stay until the requests that read them end.
  void lose();

  /// @returns all names, sorted.
  std::vector<std::string> names() const;

  /// Keeps the content of the files readable while it is held.
  std::shared_ptr<private_folder> hold() const { return folder_; }

private:
  std::filesystem::path parent_;
  std::shared_ptr<private_folder> folder_; // made with the first file
  std::map<std::string, std::string> files_;
  std::uint64_t number_ = 0;
};

/// @returns a name as Chatterbox keeps it: blanks and unusual characters become `_`, and it has at
/// most 100 characters.
std::string sanitized_name(std::string_view filename);

} // namespace synapse::backends
