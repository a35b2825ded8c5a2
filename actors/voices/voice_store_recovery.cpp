#include "actors/storage/folder.hpp"
#include "actors/voices/voice_folder.hpp"
#include "actors/voices/voice_store.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <cerrno>
#include <sys/file.h>

namespace synapse::voices {

namespace {

constexpr std::string_view library = "the voice library";

} // namespace

void voice_store::open_root() {
  storage::make_folder(directory_, library);
  root_ = storage::open_folder(directory_, library);
  if (::flock(root_.get(), LOCK_EX | LOCK_NB) == 0)
    return;
  if (errno == EWOULDBLOCK)
    throw io_failure{EWOULDBLOCK, "another process uses the voice library"};
  problems_.push_back("the voice library cannot be locked: " + storage::describe_errno(errno));
}

void voice_store::recover() {
  for (const auto& entry : options_.ops->list(root_, "the voice library")) {
    if (is_leftover(entry.name)) {
      try {
        if (entry.kind == file_kind::directory)
          remove_tree(*options_.ops, root_.get(), entry.name);
        else
          options_.ops->remove_file(root_.get(), entry.name);
      } catch (const io_failure& problem) {
        problems_.push_back(entry.name + " stays: " + problem.text);
      }
    } else if (entry.kind == file_kind::directory && is_voice_id(entry.name)) {
      recover_voice(entry.name);
    }
  }
}

void voice_store::recover_voice(const std::string& id) {
  try {
    const auto folder = options_.ops->open_directory(root_.get(), id);
    recover_folder(*options_.ops, folder);
    keep(read_voice(*options_.ops, folder, id));
  } catch (const io_failure& problem) {
    problems_.push_back("voice " + id + " is left out: " + problem.text);
  }
}

} // namespace synapse::voices
