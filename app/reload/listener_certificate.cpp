#include "app/reload/listener_certificate.hpp"

#include <sys/stat.h>

namespace synapse::app {

namespace {
/// What tells whether a certificate on disk is another one than before.
std::pair<std::int64_t, std::int64_t> stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return {0, 0};
  return {static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_ino)};
}
} // namespace

tls_context listener_certificate::read(std::string& problem) {
  return renewed(at_start_, true, problem);
}

tls_context listener_certificate::renewed(const config::listener_tls_settings& now, bool always,
                                          std::string& problem) {
  if (!at_start_.enabled())
    return nullptr;
  const auto& used = now.enabled() ? now : at_start_;
  const auto stamp = stamp_of(used.certificate);
  if (!always && stamp == stamp_)
    return nullptr;
  stamp_ = stamp;
  return make_server_context(used, problem);
}

} // namespace synapse::app
