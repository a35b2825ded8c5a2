/// @file
/// What becomes of deepfilter-audio's recordings.
#pragma once

#include "http/dialects/answer_translator.hpp"
#include "http/dialects/deepfilter/request.hpp"

#include <memory>

namespace synapse::http::deepfilter {

/// A WAV file, as an attachment.
std::unique_ptr<answer_translator> make_denoised();
/// A file of that format, as an attachment.
std::unique_ptr<answer_translator> make_converted(const output_format& format);

} // namespace synapse::http::deepfilter
