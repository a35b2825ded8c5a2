#include "http/dialects/pyannote/speakers.hpp"

#include "http/dialects/json_answer.hpp"

namespace synapse::http::pyannote {

form_fields fields_of(const speaker_counts& counts) {
  form_fields result;
  if (!counts.exact.empty())
    result.emplace_back("num_speakers", counts.exact);
  if (!counts.least.empty())
    result.emplace_back("min_speakers", counts.least);
  if (!counts.most.empty())
    result.emplace_back("max_speakers", counts.most);
  return result;
}

std::unique_ptr<answer_translator> make_answer() {
  return std::make_unique<json_answer>();
}

} // namespace synapse::http::pyannote
