/** The forms of names in Tencent COS. */

// ap-shanghai, na-siliconvalley, ap-shenzhen-fsi, ap-beijing-1: https://cloud.tencent.com/document/product/436/6224
export const REGION = /^[a-z]{2}-[a-z]+(?:-[a-z0-9]+)*$/;

// APPIDs have ten digits, old ones eight or nine; fewer are more likely a year in a name.
export const BUCKET = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?-[1-9]\d{7,11}$/;
