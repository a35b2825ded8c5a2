#include "config/backend_types.hpp"

#include <array>

namespace synapse::config {

namespace {
using std::chrono::seconds;

constexpr std::uint16_t chat = capability_set::bit(capability::chat);
constexpr std::uint16_t text = chat | capability_set::bit(capability::completions);
constexpr std::uint16_t embeddings = capability_set::bit(capability::embeddings);
constexpr std::uint16_t rerank = capability_set::bit(capability::rerank);
constexpr std::uint16_t any_text =
    text | capability_set::bit(capability::responses) | embeddings | rerank;
constexpr std::uint16_t speech = capability_set::bit(capability::speech);
constexpr std::uint16_t transcription = capability_set::bit(capability::transcription);

constexpr auto rows = std::to_array<backend_type_row>({
    {.type = backend_type::openai_compatible,
     .name = "openai-compatible",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .patience = seconds{300}},
    // Makes one recording at a time and answers nothing meanwhile, not even a new connection's
    // request.
    {.type = backend_type::chatterbox,
     .name = "chatterbox",
     .usually = "chatterbox-tts",
     .kinds = speech,
     .free_with_head = true,
     .max_requests = 1,
     .patience = seconds{120}},
    {.type = backend_type::faster_whisper,
     .name = "faster-whisper",
     .usually = "whisper-stt",
     .kinds = transcription,
     .patience = seconds{600}},
    {.type = backend_type::pyannote,
     .name = "pyannote",
     .usually = "pyannote-speaker",
     .patience = seconds{600}},
    {.type = backend_type::deepfilter,
     .name = "deepfilter",
     .usually = "deepfilter-audio",
     .patience = seconds{600}},
    {.type = backend_type::ollama,
     .name = "ollama",
     .has_models = true,
     .speaks_openai = true,
     .kinds = text | embeddings,
     .patience = seconds{300}},
    {.type = backend_type::vllm,
     .name = "vllm",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .patience = seconds{300}},
    {.type = backend_type::llama_router,
     .name = "llama-router",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .patience = seconds{300}},
    {.type = backend_type::sglang,
     .name = "sglang",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .patience = seconds{300}},
    {.type = backend_type::trtllm,
     .name = "trtllm",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .patience = seconds{300}},
    {.type = backend_type::speaches,
     .name = "speaches",
     .speaks_openai = true,
     .kinds = chat | speech | transcription,
     .patience = seconds{600}},
    // Speaks one text at a time.
    {.type = backend_type::piper,
     .name = "piper",
     .kinds = speech,
     .max_requests = 1,
     .patience = seconds{120}},
    // Listens to one recording at a time.
    {.type = backend_type::whisper_cpp,
     .name = "whisper-cpp",
     .kinds = transcription,
     .max_requests = 1,
     .patience = seconds{600}},
    {.type = backend_type::tei,
     .name = "tei",
     .has_models = true,
     .speaks_openai = true,
     .kinds = embeddings | rerank,
     .patience = seconds{60}},
    {.type = backend_type::infinity,
     .name = "infinity",
     .has_models = true,
     .speaks_openai = true,
     .kinds = embeddings | rerank,
     .patience = seconds{60}},
    {.type = backend_type::openai,
     .name = "openai",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text | speech | transcription,
     .paid = true,
     .patience = seconds{300}},
    {.type = backend_type::openrouter,
     .name = "openrouter",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text,
     .paid = true,
     .patience = seconds{300}},
    {.type = backend_type::azure,
     .name = "azure",
     .has_models = true,
     .speaks_openai = true,
     .kinds = any_text | speech | transcription,
     .paid = true,
     .key_header = "api-key",
     .patience = seconds{300}},
    {.type = backend_type::anthropic,
     .name = "anthropic",
     .kinds = chat,
     .paid = true,
     .key_header = "x-api-key",
     .patience = seconds{300}},
});

constexpr bool are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].type != static_cast<backend_type>(i))
      return false;
  return true;
}
static_assert(are_in_order());
static_assert(rows.size() == static_cast<std::size_t>(backend_type::count_), "a row each");
} // namespace

std::span<const backend_type_row> backend_types() noexcept {
  return rows;
}

const backend_type_row& row_of(backend_type type) noexcept {
  return rows[static_cast<std::size_t>(type)];
}

std::string key_field(const backend_settings& backend) {
  std::string name = backend.authorization.header;
  if (name.empty())
    name = row_of(backend.type).key_header;
  return name.empty() ? "Authorization: Bearer " : name + ": ";
}

} // namespace synapse::config
