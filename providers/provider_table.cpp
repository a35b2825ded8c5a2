#include "providers/provider_table.hpp"

#include "config/backend_types.hpp"
#include "providers/types.hpp"

#include <iterator>

namespace synapse::providers {

const descriptor& descriptor_of(config::backend_type type) noexcept {
  // In the order of the enumerators.
  static constexpr const descriptor* rows[] = {&types::openai_compatible,
                                               &types::chatterbox,
                                               &types::faster_whisper,
                                               &types::pyannote,
                                               &types::deepfilter,
                                               &types::ollama,
                                               &types::vllm,
                                               &types::llama_router,
                                               &types::sglang,
                                               &types::trtllm,
                                               &types::speaches,
                                               &types::piper,
                                               &types::whisper_cpp,
                                               &types::tei,
                                               &types::infinity,
                                               &types::openai,
                                               &types::openrouter,
                                               &types::azure,
                                               &types::anthropic};
  static_assert(std::size(rows) == static_cast<std::size_t>(config::backend_type::count_));
  return *rows[static_cast<std::size_t>(type)];
}

path_list health_paths(const config::backend_settings& backend) {
  if (!backend.health.detect)
    return {backend.health.path};
  return descriptor_of(backend.type).health.paths;
}

wellness judge_health(const config::backend_settings& backend, unsigned status,
                      std::string_view body) {
  const auto judge = descriptor_of(backend.type).health.judge;
  return backend.health.detect && judge != nullptr ? judge(status, body)
                                                   : judge_by_status(status, body);
}

wellness judge_by_status(unsigned status, std::string_view body) {
  if (status == 200)
    return wellness::well;
  // llama.cpp's server listens before it has its model.
  return status == 503 && body.substr(0, 4096).find("oading model") != std::string_view::npos
             ? wellness::loading
             : wellness::unwell;
}

std::string key_line(const config::backend_settings& backend, std::string_view key) {
  if (key.empty())
    return {};
  return config::key_field(backend) + std::string{key} + "\r\n";
}

} // namespace synapse::providers
