#include "config/watcher.hpp"

#include "config/text/yaml_tree.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace synapse::config {

namespace {

// Two writes within one tick of the file system's clock leave the same time stamp, so a stamp this
// young proves nothing yet.
constexpr std::int64_t settled_ns = 2'000'000'000;
constexpr int max_links = 40; // as Linux does

constexpr std::uint32_t watched_events = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                         IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF |
                                         IN_ONLYDIR;

std::int64_t now_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// Puts the components of `path` in front of `parts`.
void push_front(std::deque<std::string>& parts, std::string_view path) {
  std::deque<std::string> components;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (const std::string_view one = path.substr(0, slash); !one.empty() && one != ".")
      components.emplace_back(one);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  parts.insert(parts.begin(), components.begin(), components.end());
}

std::string join(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

std::optional<std::string> link_target(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size <= 0 || static_cast<std::size_t>(size) >= target.size())
    return std::nullopt;
  return std::string{target.data(), static_cast<std::size_t>(size)};
}

} // namespace

std::set<std::string> directories_of(const std::string& path) {
  std::set<std::string> directories;
  std::deque<std::string> parts;
  push_front(parts, path);
  std::string directory = path.starts_with('/') ? "/" : ".";
  for (int links = 0; !parts.empty();) {
    const std::string name = std::move(parts.front());
    parts.pop_front();
    const std::string here = join(directory, name);
    struct stat info {};
    if (::lstat(here.c_str(), &info) != 0) {
      directories.insert(directory);
      break;
    }
    if (S_ISLNK(info.st_mode)) {
      directories.insert(directory);
      const auto target = link_target(here);
      if (!target || ++links > max_links)
        break;
      push_front(parts, *target);
      if (target->starts_with('/'))
        directory.assign(1, '/'); // from a literal, g++ 12 warns wrongly
    } else if (parts.empty()) {
      directories.insert(directory);
    } else {
      directory = here;
    }
  }
  return directories;
}

file_watcher::file_watcher(std::string path)
    : first_{std::move(path), {}, {}}, inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  watch_directories();
  (void)read_changed(first_);
}

file_watcher::~file_watcher() {
  if (inotify_ >= 0)
    ::close(inotify_);
}

void file_watcher::follow(const std::vector<std::string>& others) {
  std::vector<watched_file> fresh;
  for (const std::string& path : others) {
    const auto old = std::find_if(others_.begin(), others_.end(),
                                  [&](const watched_file& one) { return one.path == path; });
    fresh.push_back(old != others_.end() ? *old : watched_file{path, {}, {}});
    if (old == others_.end())
      (void)read_changed(fresh.back());
  }
  others_ = std::move(fresh);
  watch_directories();
}

std::optional<std::string> file_watcher::poll() {
  drain();
  // Watches first: what changes after them wakes the descriptor, what changed before is read now.
  watch_directories();
  auto text = read_changed(first_);
  bool has_changed = false;
  for (watched_file& one : others_)
    has_changed = read_changed(one).has_value() || has_changed;
  if (text || !has_changed)
    return text;
  // Where it cannot be read now, the next poll has it.
  first_.identity.reset();
  first_.seen.reset();
  return read_changed(first_);
}

void file_watcher::drain() {
  if (inotify_ < 0)
    return;
  alignas(inotify_event) std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = ::read(inotify_, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      if ((event->mask & IN_IGNORED) != 0)
        watches_.erase(event->wd);
      at += sizeof(inotify_event) + event->len;
    }
  }
}

void file_watcher::watch_directories() {
  if (inotify_ < 0)
    return;
  std::map<int, std::string> wanted;
  auto directories = directories_of(first_.path);
  for (const watched_file& one : others_)
    directories.merge(directories_of(one.path));
  for (const std::string& directory : directories) {
    // For a directory that is watched already this gives the descriptor it has.
    const int watch = ::inotify_add_watch(inotify_, directory.c_str(), watched_events);
    if (watch >= 0)
      wanted[watch] = directory;
  }
  for (const auto& [watch, directory] : watches_) {
    if (!wanted.contains(watch))
      ::inotify_rm_watch(inotify_, watch);
  }
  watches_ = std::move(wanted);
}

file_watcher::content file_watcher::digest(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
  for (char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return {hash, text.size()};
}

std::optional<std::string> file_watcher::read_changed(watched_file& which) {
  const auto current = identify(which.path);
  if (!current || (which.identity && *current == *which.identity))
    return std::nullopt;
  which.identity.reset();
  auto file = read_file(which.path, yaml_limits{}.max_bytes);
  if (!file || file->torn)
    return std::nullopt;
  const std::int64_t age = now_ns() - file->identity.modified_ns;
  if (age > settled_ns)
    which.identity = file->identity;
  const content now = digest(file->text);
  if (which.seen && now == *which.seen)
    return std::nullopt;
  which.seen = now;
  return std::move(file->text);
}

} // namespace synapse::config
