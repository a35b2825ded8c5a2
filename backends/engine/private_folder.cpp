#include "backends/engine/private_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace synapse::backends {

namespace fs = std::filesystem;

private_folder::private_folder(const fs::path& parent) {
  std::error_code code;
  auto where = parent.empty() ? fs::temp_directory_path(code) : parent;
  if (code)
    where = "/tmp";
  auto pattern = fs::absolute(where / "synapse-backends-XXXXXX", code).string();
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make a folder in " + where.string() + ": " +
                             std::strerror(errno));
  path_ = pattern;
}

private_folder::~private_folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush())
    throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::string out;
  if (in) {
    out.resize(static_cast<std::size_t>(in.tellg()));
    in.seekg(0);
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
  }
  if (!in)
    throw std::runtime_error("cannot read " + path + ": " + std::strerror(errno));
  return out;
}

} // namespace synapse::backends
