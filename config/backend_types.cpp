#include "config/backend_types.hpp"

#include <array>

namespace synapse::config {

namespace {
using std::chrono::seconds;

constexpr auto rows = std::to_array<backend_type_row>({
    {.type = backend_type::openai_compatible,
     .name = "openai-compatible",
     .usually = "",
     .has_models = true,
     .speaks_openai = true,
     .free_with_head = false,
     .max_requests = 0,
     .patience = seconds{300}},
    // Makes one recording at a time and answers nothing meanwhile, not even a new connection's
    // request.
    {.type = backend_type::chatterbox,
     .name = "chatterbox",
     .usually = "chatterbox-tts",
     .has_models = false,
     .speaks_openai = false,
     .free_with_head = true,
     .max_requests = 1,
     .patience = seconds{120}},
    {.type = backend_type::faster_whisper,
     .name = "faster-whisper",
     .usually = "whisper-stt",
     .has_models = false,
     .speaks_openai = false,
     .free_with_head = false,
     .max_requests = 0,
     .patience = seconds{600}},
    {.type = backend_type::pyannote,
     .name = "pyannote",
     .usually = "pyannote-speaker",
     .has_models = false,
     .speaks_openai = false,
     .free_with_head = false,
     .max_requests = 0,
     .patience = seconds{600}},
    {.type = backend_type::deepfilter,
     .name = "deepfilter",
     .usually = "deepfilter-audio",
     .has_models = false,
     .speaks_openai = false,
     .free_with_head = false,
     .max_requests = 0,
     .patience = seconds{600}},
});

constexpr bool are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].type != static_cast<backend_type>(i))
      return false;
  return true;
}
static_assert(are_in_order());
static_assert(rows.size() == static_cast<std::size_t>(backend_type::deepfilter) + 1, "a row each");
} // namespace

std::span<const backend_type_row> backend_types() noexcept {
  return rows;
}

const backend_type_row& row_of(backend_type type) noexcept {
  return rows[static_cast<std::size_t>(type)];
}

} // namespace synapse::config
