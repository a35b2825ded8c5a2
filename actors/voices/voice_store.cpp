#include "actors/voices/voice_store.hpp"

#include "actors/voices/voice_folder.hpp"
#include "actors/voices/voice_store_names.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <exception>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

namespace synapse::voices {

namespace {

/// Somebody else has taken the voice's folder away.
struct vanished_voice {};

failure no_such_voice() {
  return {store_error::voice_not_found, "there is no such voice"};
}
failure no_such_upload() {
  return {store_error::upload_not_found, "there is no such upload"};
}

/// Runs an operation; what it throws becomes a failure.
template <class Result, class Action>
Result guarded(Action&& action) {
  try {
    return action();
  } catch (const vanished_voice&) {
    return no_such_voice();
  } catch (const io_failure& problem) {
    return failure{store_error::storage_failed, problem.text};
  } catch (const std::exception& problem) {
    return failure{store_error::storage_failed, problem.what()};
  }
}

std::optional<failure> objection_to(const std::vector<upload_file>& files) {
  if (files.empty() || files.size() > max_upload_files)
    return failure{store_error::invalid, "files: must be 1 to " + std::to_string(max_upload_files)};
  std::set<std::string_view> names;
  for (const auto& file : files) {
    if (file.name.empty() || file.name.starts_with('.') ||
        file.name.find_first_of(std::string_view{"/\\\0", 3}) != std::string::npos)
      return failure{store_error::invalid, "files: not the name of an uploaded file"};
    if (!names.insert(file.name).second)
      return failure{store_error::invalid, "files: " + file.name + " is named twice"};
    if (!std::isfinite(file.seconds) || file.seconds < 0)
      return failure{store_error::invalid, "files: " + file.name + " has no valid duration"};
  }
  return std::nullopt;
}

double total_seconds(const std::vector<upload_file>& files) {
  double sum = 0;
  for (const auto& file : files)
    sum += file.seconds;
  return sum;
}

} // namespace

bool voice_store::by_creation::operator()(const voice* a, const voice* b) const noexcept {
  return std::tie(a->created_at, a->id) < std::tie(b->created_at, b->id);
}

voice_store::voice_store(std::filesystem::path directory, store_options options)
    : directory_(std::move(directory)), options_(std::move(options)),
      lock_(options_.ops, options_.patience), owner_(make_owner()) {}

result<voice_store> voice_store::open(const std::filesystem::path& directory,
                                      store_options options) {
  return guarded<result<voice_store>>([&]() -> result<voice_store> {
    if (!options.ops)
      options.ops = std::make_shared<file_ops>();
    // Absolute, so that paths given to others hold whatever becomes the current directory.
    auto root = std::filesystem::absolute(directory).lexically_normal();
    if (!root.has_filename())
      root = root.parent_path();
    voice_store store{std::move(root), std::move(options)};
    store.open_root();
    {
      const auto held = store.lock_.hold(store.root_, false);
      store.catch_up(false);
    }
    if (store.lock_.how() == library_lock::access::alone)
      store.note("the voice library can be used by one process only: " + store.lock_.reason().text);
    return store;
  });
}

status voice_store::refresh() {
  return guarded<status>([&]() -> status {
    look();
    return std::monostate{};
  });
}

std::vector<voice> voice_store::list() const {
  std::vector<voice> result;
  result.reserve(order_.size());
  for (const auto* one : order_)
    result.push_back(*one);
  return result;
}

const voice* voice_store::find(std::string_view id) const noexcept {
  // Whatever is no id of a voice is not among the keys: no path is ever made of it.
  const auto found = voices_.find(id);
  return found == voices_.end() ? nullptr : &found->second;
}

std::vector<const voice*> voice_store::find_by_name(std::string_view name) const {
  std::vector<const voice*> found;
  const auto [begin, end] = by_name_.equal_range(comparable_name(name));
  std::transform(begin, end, std::back_inserter(found), [](const auto& one) { return one.second; });
  std::sort(found.begin(), found.end(), by_creation{});
  return found;
}

result<std::filesystem::path> voice_store::reference_path(std::string_view id) {
  const auto* known = find(id);
  if (known == nullptr)
    return no_such_voice();
  if (known->references.empty())
    return failure{store_error::voice_not_found, "the voice has no references"};
  return guarded<result<std::filesystem::path>>([&]() -> result<std::filesystem::path> {
    const auto name = known->references.front();
    const auto path = directory_ / known->id / references_folder / name;
    try {
      // Whoever gets the path follows links; this does not.
      const auto folder = open_voice(known->id);
      const auto references = options_.ops->open_directory(folder.get(), references_folder);
      options_.ops->open_file(references.get(), name);
    } catch (const io_failure& problem) {
      if (problem.code == ENOENT || problem.code == ENOTDIR || problem.code == ELOOP ||
          problem.code == EBADMSG)
        return failure{store_error::voice_not_found, "the voice's reference has vanished"};
      throw;
    }
    return path;
  });
}

result<upload> voice_store::begin_upload() {
  return guarded<result<upload>>([&]() -> result<upload> {
    if (!lock_.enrolled())
      hold_to_change(); // which enrols this process
    auto id = new_name({});
    options_.ops->make_directory(root_.get(), incoming_name(id));
    uploads_.insert(id);
    return upload{id, directory_ / incoming_name(id)};
  });
}

void voice_store::discard(const std::string& upload_id) {
  if (uploads_.erase(upload_id) > 0)
    remove_quietly(incoming_name(upload_id));
}

result<voice> voice_store::create(const std::string& upload_id, std::string_view name,
                                  const std::vector<upload_file>& files) {
  if (!uploads_.contains(upload_id))
    return no_such_upload();
  auto outcome = guarded<result<voice>>([&]() -> result<voice> {
    auto cleaned = clean_name(name);
    if (!cleaned)
      return cleaned.error();
    if (auto problem = objection_to(files))
      return *problem;
    voice what;
    what.id = make_voice_id();
    what.name = *cleaned;
    what.created_at = options_.now();
    what.seconds = total_seconds(files);
    prepare_voice(incoming_name(upload_id), what, files);
    const auto held = hold_to_change();
    try_create(incoming_name(upload_id), what);
    keep(what);
    return what;
  });
  if (outcome)
    uploads_.erase(upload_id); // its folder is the voice now
  else
    discard(upload_id);
  return outcome;
}

result<voice> voice_store::add(std::string_view id, const std::string& upload_id,
                               const std::vector<upload_file>& files) {
  if (!uploads_.contains(upload_id))
    return no_such_upload();
  // The caller's may be the voice's own, which does not outlive it.
  const std::string copy{id};
  auto outcome = guarded<result<voice>>([&]() -> result<voice> {
    look();
    if (find(copy) == nullptr)
      return no_such_voice();
    if (auto problem = objection_to(files))
      return *problem;
    // Nobody else has to wait while recordings go to the disk.
    save_upload(options_.ops->open_directory(root_.get(), incoming_name(upload_id)), files);
    const auto held = hold_to_change();
    if (find(copy) == nullptr)
      return no_such_voice();
    auto what = try_add(copy, incoming_name(upload_id), files);
    keep(what);
    return what;
  });
  discard(upload_id);
  return outcome;
}

status voice_store::remove(std::string_view id) {
  const std::string copy{id}; // likewise
  return guarded<status>([&]() -> status {
    look();
    if (find(copy) == nullptr)
      return no_such_voice();
    std::string trash;
    {
      const auto held = hold_to_change();
      if (find(copy) == nullptr)
        return no_such_voice();
      trash = try_remove(copy);
    }
    remove_quietly(trash);
    return std::monostate{};
  });
}

void voice_store::keep(voice what) {
  forget(what.id);
  const auto id = what.id;
  const auto* kept = &voices_.emplace(id, std::move(what)).first->second;
  order_.insert(kept);
  by_name_.emplace(comparable_name(kept->name), kept);
}

void voice_store::forget(std::string_view id) {
  const auto found = voices_.find(id);
  if (found == voices_.end())
    return;
  const auto* voice = &found->second;
  order_.erase(voice);
  const auto [begin, end] = by_name_.equal_range(comparable_name(voice->name));
  by_name_.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == voice; }));
  voices_.erase(found);
}

std::string voice_store::new_name(std::string_view prefix) const {
  char digits[2 * sizeof owner_];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), owner_, 16).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  return std::string{prefix} + std::string(owner_digits - length, '0') +
         std::string(digits, length) + '-' + make_token();
}

file_handle voice_store::open_voice(const std::string& id) {
  try {
    return options_.ops->open_directory(root_.get(), id);
  } catch (const io_failure& problem) {
    if (problem.code != ENOENT && problem.code != ENOTDIR && problem.code != ELOOP)
      throw;
    forget(id);
    throw vanished_voice{};
  }
}

} // namespace synapse::voices
