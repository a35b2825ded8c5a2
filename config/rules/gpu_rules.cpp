#include "config/rules/gpu_rules.hpp"

#include "config/backend_types.hpp"
#include "config/catalog/catalog_limits.hpp"
#include "config/values/values.hpp"

#include <set>

namespace synapse::config {

namespace {

void check_exclusive(report& out, const std::string& key, const std::string& gpu,
                     const std::vector<std::string>& names, const settings& all) {
  if (names.size() < 2)
    out.add(key, "must name at least two backends");
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string item = key + "[" + std::to_string(i) + "]";
    const auto backend = all.backends.find(names[i]);
    if (backend == all.backends.end())
      out.add(item, "unknown backend " + quote(names[i]),
              out.near(names[i], names_in(all.backends)));
    else if (backend->second.gpu != gpu)
      out.add(item, quote(names[i]) + " is not on this card; write backends." + names[i] +
                        ".gpu: " + gpu);
    if (!seen.insert(names[i]).second)
      out.add(item, quote(names[i]) + " stands there already");
  }
}

/// What is never put to sleep has to fit at once.
void check_persistent(report& out, const std::string& prefix, const std::string& name,
                      std::size_t room, const settings& all) {
  std::size_t taken = 0;
  for (const auto& [backend, one] : all.backends)
    if (one.gpu == name && one.persistent)
      taken += std::min(one.vram.awake, room + 1);
  if (taken > room)
    out.add(prefix + "vram", "is too small for the persistent backends together");
}

void check_gpu(report& out, const std::string& name, const gpu_settings& gpu, const settings& all) {
  const std::string prefix = "gpus." + name + ".";
  check_name(out, "gpus." + name, name, "a card");
  if (gpu.vram == 0)
    return out.add(prefix + "vram", "is required");
  check_fields(out, prefix, gpu);
  if (gpu.reserve >= gpu.vram)
    out.add(prefix + "reserve", "must be smaller than vram");
  else
    check_persistent(out, prefix, name, gpu.vram - gpu.reserve, all);
  if (gpu.exclusive.size() > max_exclusive)
    return out.add(prefix + "exclusive",
                   "must not have more than " + std::to_string(max_exclusive) + " entries");
  for (std::size_t i = 0; i < gpu.exclusive.size(); ++i)
    check_exclusive(out, prefix + "exclusive[" + std::to_string(i) + "]", name, gpu.exclusive[i],
                    all);
}

void check_place(report& out, const std::string& prefix, const backend_settings& backend,
                 const settings& all) {
  if (backend.vram.asleep > backend.vram.awake)
    out.add(prefix + "vram.asleep", "must not be more than vram.awake");
  if (backend.gpu.empty()) {
    if (backend.vram != vram_settings{} || backend.persistent)
      out.warn(prefix + (backend.persistent ? "persistent" : "vram"), "has no effect without gpu");
    return;
  }
  const auto gpu = all.gpus.find(backend.gpu);
  if (gpu == all.gpus.end())
    return out.add(prefix + "gpu", "unknown card " + quote(backend.gpu),
                   out.near(backend.gpu, names_in(all.gpus)));
  const std::size_t room = gpu->second.vram - std::min(gpu->second.vram, gpu->second.reserve);
  if (gpu->second.vram != 0 && backend.vram.awake > room)
    out.add(prefix + "vram.awake", "must be at most " + format_size(room) + ": what " +
                                       quote(backend.gpu) + " has, less its reserve");
}

void check_sleep(report& out, const std::string& prefix, const backend_settings& backend) {
  if (backend.sleep == sleep_settings{})
    return;
  if (backend.type != backend_type::vllm)
    out.add(prefix + "sleep", "is for backends of type vllm");
  else if (backend.gpu.empty())
    out.warn(prefix + "sleep", "has no effect without gpu");
}

void check_key(report& out, const std::string& prefix, const backend_settings& backend) {
  const authorization_settings& key = backend.authorization;
  const bool has_key = !key.bearer_env.empty() || !key.bearer_file.empty() || !key.literal.empty();
  if (!key.header.empty() && !is_token(key.header))
    out.add(prefix + "authorization.header", "must be the name of a header field");
  else if (is_framing_field(key.header))
    out.add(prefix + "authorization.header", "must not be a field that the gateway itself sets");
  else if (!key.header.empty() && !has_key)
    out.warn(prefix + "authorization.header", "has no effect without bearer_env or bearer_file");
  if (row_of(backend.type).paid && !has_key && !key.forward)
    out.warn(prefix + "authorization", "a backend of type " + std::string{to_string(backend.type)} +
                                           " wants a key: set bearer_env or bearer_file");
}

} // namespace

void check_gpus(report& out, const settings& all) {
  if (all.gpus.size() > max_gpus)
    return out.add("gpus", "must not have more than " + std::to_string(max_gpus) + " entries");
  for (const auto& [name, gpu] : all.gpus)
    check_gpu(out, name, gpu, all);
}

void check_backend_use(report& out, const std::string& prefix, const backend_settings& backend,
                       const settings& all) {
  check_place(out, prefix, backend, all);
  check_sleep(out, prefix, backend);
  check_key(out, prefix, backend);
  if (!backend.api_version.empty() && backend.type != backend_type::azure)
    out.warn(prefix + "api_version", "has no effect on types other than azure");
  if (backend.keep_alive >= milliseconds{0} && backend.type != backend_type::ollama)
    out.warn(prefix + "keep_alive", "has no effect on types other than ollama");
}

} // namespace synapse::config
