#include "backends/speech/reference_store.hpp"

#include <system_error>

namespace synapse::backends {

void reference_store::add(const std::string& name, std::string_view bytes) {
  if (!folder_)
    folder_ = std::make_shared<private_folder>(parent_);
  auto path = folder_->file(std::to_string(++number_));
  write_file(path, bytes);
  files_[name] = path;
}

void reference_store::remove(const std::string& name) {
  auto found = files_.find(name);
  if (found == files_.end())
    return;
  std::error_code ignored;
  std::filesystem::remove(found->second, ignored);
  files_.erase(found);
}

void reference_store::lose() {
  files_.clear();
  folder_.reset();
}

std::vector<std::string> reference_store::names() const {
  std::vector<std::string> out;
  for (const auto& [name, path] : files_)
    out.push_back(name);
  return out;
}

std::string sanitized_name(std::string_view filename) {
  static constexpr std::size_t longest = 100;
  std::string out;
  for (unsigned char c : filename) {
    bool usual = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 c == '.' || c == '-' || c == '_';
    out += usual ? static_cast<char>(c) : '_';
  }
  if (out.size() <= longest)
    return out;
  auto dot = out.rfind('.');
  auto end = dot == std::string::npos || out.size() - dot > 10 ? std::string() : out.substr(dot);
  return out.substr(0, longest - end.size()) + end;
}

} // namespace synapse::backends
