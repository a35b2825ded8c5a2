#include "actors/voices/voice_library.hpp"

#include "actors/protocol/error.hpp"
#include "actors/voices/voice_store.hpp"

#include <caf/expected.hpp>
#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace synapse::actors {

namespace {

caf::error to_error(const voices::failure& why) {
  switch (why.code) {
  case voices::store_error::voice_not_found:
    return caf::make_error(ec::voice_not_found, why.text);
  case voices::store_error::upload_not_found:
    return caf::make_error(ec::upload_not_found, why.text);
  case voices::store_error::invalid:
    return caf::make_error(ec::invalid_voice, why.text);
  case voices::store_error::storage_failed:
    break;
  }
  return caf::make_error(ec::storage_failed, why.text);
}

voice_info to_info(const voices::voice& from) {
  voice_info info;
  info.voice_id = from.id;
  info.name = from.name;
  info.created_at = from.created_at;
  info.references = from.references;
  info.duration_seconds = from.seconds;
  return info;
}

std::vector<voices::upload_file> to_files(const std::vector<voice_file>& from) {
  std::vector<voices::upload_file> files;
  files.reserve(from.size());
  for (const auto& file : from)
    files.push_back({file.name, file.duration_seconds});
  return files;
}

/// This process's hand on the library. Its changes are made here, one after the other and in turns
/// with other processes; files are uploaded past it.
class voice_library : public voice_library_actor::base {
public:
  voice_library(caf::actor_config& config, voice_library_parts parts)
      : voice_library_actor::base(config), parts_(std::move(parts)) {}
  const char* name() const override { return "voice_library"; }

  void on_exit() override {
    // Not when the last handle goes: somebody may hold one for ever.
    store_.reset();
  }

  voice_library_actor::behavior_type make_behavior() override {
    open();
    return {
        [this](list_atom) { return on_list(); },
        [this](find_atom, const std::string& id) { return on_find(id); },
        [this](const locate_voice& what) { return on_locate(what); },
        [this](const reference_copy& what) { on_copy(what); },
        [this](upload_atom) { return on_upload(); },
        [this](const create_voice& what) { return on_create(what); },
        [this](const add_references& what) { return on_add(what); },
        [this](remove_atom, const std::string& id) { return on_remove(id); },
        [this](discard_atom, const std::string& upload_id) { on_discard(upload_id); },
    };
  }

private:
  // ---- the library on its disk ----

  /// @returns no error when the library is open, now, and as others have left it.
  caf::error open() {
    if (store_)
      return refresh();
    auto opened = voices::voice_store::open(parts_.directory,
                                            {.ops = parts_.ops, .patience = parts_.patience});
    if (!opened) {
      // With every question it is tried again; said is only what is new.
      if (std::exchange(last_problem_, opened.error().text) != opened.error().text)
        parts_.report(parts_.directory.string() + ": " + opened.error().text);
      return to_error(opened.error());
    }
    store_.emplace(std::move(*opened));
    last_problem_.clear();
    reported_ = 0;
    heed_others();
    return {};
  }

  caf::error refresh() {
    const auto outcome = store_->refresh();
    heed_others();
    if (!outcome)
      return to_error(outcome.error());
    return {};
  }

  /// What the store has seen while it took in what other processes did.
  void heed_others() {
    const auto& problems = store_->problems();
    for (; reported_ < problems.size(); ++reported_)
      parts_.report(parts_.directory.string() + ": " + problems[reported_]);
    for (const auto& id : store_->take_changed())
      forget_copies(id);
  }

  // ---- what there is ----

  caf::result<std::vector<voice_info>> on_list() {
    if (auto problem = open())
      return problem;
    std::vector<voice_info> result;
    for (const auto& one : store_->list())
      result.push_back(to_info(one));
    return result;
  }

  caf::result<voice_location> on_find(const std::string& id) {
    if (auto problem = open())
      return problem;
    const auto* found = store_->find(id);
    if (found == nullptr)
      return caf::make_error(ec::voice_not_found, std::string{"there is no such voice"});
    return locate(*found);
  }

  caf::expected<voice_location> locate(const voices::voice& found) {
    voice_location result;
    result.voice = to_info(found);
    if (found.references.empty())
      return result;
    const auto path = store_->reference_path(found.id);
    if (!path)
      return to_error(path.error());
    result.reference_path = path->string();
    return result;
  }

  caf::result<voice_location> on_locate(const locate_voice& what) {
    if (auto problem = open())
      return problem;
    const auto* found = store_->find(what.voice);
    if (found == nullptr && what.or_name) {
      const auto named = store_->find_by_name(what.voice);
      if (named.size() > 1)
        return caf::make_error(ec::invalid_voice, std::to_string(named.size()) +
                                                      " voices have that name: use the id of one");
      if (!named.empty())
        found = named.front();
    }
    if (found == nullptr)
      return caf::make_error(ec::voice_not_found, std::string{"there is no such voice"});
    const auto id = found->id;
    auto where = locate(*found);
    if (const auto copy = copies_.find({id, what.backend}); where && copy != copies_.end())
      where->uploaded_as = copy->second;
    return where;
  }

  // ---- backends' copies ----

  void on_copy(const reference_copy& what) {
    if (what.file.empty())
      copies_.erase({what.voice_id, what.backend});
    else if (store_ && store_->find(what.voice_id) != nullptr)
      copies_[{what.voice_id, what.backend}] = what.file;
  }

  void forget_copies(const std::string& id) {
    auto from = copies_.lower_bound({id, {}});
    while (from != copies_.end() && from->first.first == id)
      from = copies_.erase(from);
  }

  // ---- changes ----

  caf::result<voice_upload> on_upload() {
    if (auto problem = open())
      return problem;
    const auto begun = store_->begin_upload();
    heed_others();
    if (!begun)
      return to_error(begun.error());
    voice_upload result;
    result.upload_id = begun->id;
    result.directory = begun->directory.string();
    return result;
  }

  void on_discard(const std::string& upload_id) {
    if (store_)
      store_->discard(upload_id);
  }

  caf::result<voice_info> on_create(const create_voice& what) {
    if (auto problem = open())
      return problem;
    return answer(store_->create(what.upload_id, what.name, to_files(what.files)));
  }

  caf::result<voice_info> on_add(const add_references& what) {
    if (auto problem = open())
      return problem;
    forget_copies(what.voice_id);
    return answer(store_->add(what.voice_id, what.upload_id, to_files(what.files)));
  }

  caf::result<bool> on_remove(const std::string& id) {
    if (auto problem = open())
      return problem;
    forget_copies(id);
    const auto outcome = store_->remove(id);
    heed_others();
    if (!outcome)
      return to_error(outcome.error());
    return true;
  }

  caf::result<voice_info> answer(const voices::result<voices::voice>& outcome) {
    heed_others();
    if (!outcome)
      return to_error(outcome.error());
    return to_info(*outcome);
  }

  voice_library_parts parts_;
  std::optional<voices::voice_store> store_;
  std::string last_problem_;
  std::size_t reported_ = 0; ///< of the store's problems
  /// What backends call their copies, by voice and backend: at most one each.
  std::map<std::pair<std::string, std::string>, std::string> copies_;
};

} // namespace

voice_library_actor spawn_voice_library(caf::actor_system& system, voice_library_parts parts) {
  if (parts.thread == voice_library_thread::shared)
    return system.spawn<voice_library>(std::move(parts));
  return system.spawn<voice_library, caf::detached>(std::move(parts));
}

} // namespace synapse::actors
