#include "actors/storage/durable_file.hpp"

namespace synapse::storage {

std::string temporary_for(const std::string& name) {
  return (name.starts_with('.') ? "" : ".") + name + ".tmp";
}

file_handle write_durably(file_ops& ops, const file_handle& folder, const std::string& name,
                          std::string_view text) {
  const auto temporary = temporary_for(name);
  if (ops.exists(folder.get(), temporary))
    ops.remove_file(folder.get(), temporary);
  file_handle file;
  try {
    file = ops.create_file(folder.get(), temporary);
    ops.write(file, name, text);
    ops.sync(file, name);
    ops.replace(folder.get(), temporary, folder.get(), name);
  } catch (const io_failure&) {
    try {
      ops.remove_file(folder.get(), temporary);
    } catch (const io_failure&) {
      // It was not made, or stays until the next recovery.
    }
    throw;
  }
  ops.sync(folder, name);
  return file;
}

} // namespace synapse::storage
