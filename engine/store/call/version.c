/* See holdfast/version.h. */
#include "holdfast/holdfast.h"

#include "store/call/call.h"

const char *hf_version(void)
{
	HF__CALL;
	return HF_VERSION;
}

unsigned hf_version_number(void)
{
	HF__CALL;
	return HF_VERSION_NUMBER;
}

unsigned hf_abi(void)
{
	HF__CALL;
	return HF_ABI;
}
